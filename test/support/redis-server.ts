import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere, findProgram } from './programs.js';
import { freePort, ServerProcess } from './server-process.js';

export const redisServerProgram = findProgram(['redis-server', 'valkey-server']);

export const hasRedis = redisServerProgram !== undefined;

/** Like `describe`, for tests that need `redis-server`. */
export function describeWithRedis(title: string, tests: () => void): void {
  describeWhere({ 'redis-server': redisServerProgram }, title, tests);
}

export interface RedisServerOptions {
  /** Default a free one. That of a server that was killed lets its clients find their way back. */
  port?: number;
  /** Further arguments for `redis-server`, such as `['--maxmemory', '2mb']`. */
  args?: readonly string[];
}

/** A Redis on the loopback interface that keeps nothing on disk. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly flags: readonly string[],
    private process: ServerProcess,
  ) {}

  static async start({ port, args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
    const ownPort = port ?? (await freePort());
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    try {
      const settings = {
        bind: '127.0.0.1',
        port: ownPort,
        dir: folder,
        save: '',
        appendonly: 'no',
      };
      const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
      const flags = [...given, ...args];
      return new RedisServer(ownPort, folder, flags, await run(flags));
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it and removes its folder. Does no harm twice. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As when its machine fails: connections break, new ones are refused. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** After `kill`: on the same port, with what it had written to its folder. */
  async startAgain(): Promise<void> {
    this.process = await run(this.flags);
  }

  /** As when its machine hangs: connections stay open and nothing answers. */
  pause(): void {
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.process.signal('SIGCONT');
  }
}

function run(flags: readonly string[]): Promise<ServerProcess> {
  return ServerProcess.start(redisServerProgram!, flags, { ready: /Ready to accept connections/ });
}
