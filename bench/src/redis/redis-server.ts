import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { onCore } from '../http/cores.js';

export interface RedisServerOptions {
  /** Whether it has to do with the core of the load. Default true. */
  readonly isPinned?: boolean;
}

/** A Redis on the loopback interface that keeps nothing on disk. */
export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly version: string,
  ) {}

  /** @returns what `measure` does; `undefined`, with a line that says why, where there is no Redis */
  static async use(
    part: string,
    measure: (redis: RedisServer) => Promise<string>,
    { isPinned = true }: RedisServerOptions = {},
  ): Promise<string | undefined> {
    const version = installedVersion();
    if (version === undefined) {
      console.log(`No redis-server in the PATH: ${part} is left out.`);
      return undefined;
    }
    const redis = await RedisServer.start(version, isPinned);
    try {
      return await measure(redis);
    } finally {
      await redis.stop();
    }
  }

  private static async start(version: string, isPinned: boolean): Promise<RedisServer> {
    const port = await freePort();
    const settings = { bind: '127.0.0.1', port, save: '', appendonly: 'no' };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    // A benchmark that is killed ends no children; the system does.
    const server = ['setpriv', '--pdeathsig', 'KILL', '--', 'redis-server', ...flags];
    const [command, ...args] = isPinned ? onCore('load', server) : server;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    // Reads on after that line: a full pipe would stop the server.
    const lines = createInterface(child.stdout);
    await Promise.race([
      new Promise<void>((resolve) => {
        lines.on('line', (line) => line.includes('Ready to accept connections') && resolve());
      }),
      once(child, 'exit').then(() => {
        throw new Error('redis-server did not start.');
      }),
    ]);
    return new RedisServer(child, `redis://127.0.0.1:${port}`, version);
  }

  private async stop(): Promise<void> {
    this.child.kill();
    await once(this.child, 'exit');
  }
}

function installedVersion(): string | undefined {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return /v=(\S+)/.exec(stdout ?? '')?.[1];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
