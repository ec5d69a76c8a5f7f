import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer, redisServerProgram } from './redis-server.js';
import { freePort, ServerProcess } from './server-process.js';

/** One Redis and the Sentinel that tells where it is. */
export class RedisSentinel {
  /** Of the Redis, as clients ask the Sentinel for it. */
  readonly name = 'sessions';

  private constructor(
    readonly port: number,
    private readonly redis: RedisServer,
    private readonly folder: string,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<RedisSentinel> {
    const redis = await RedisServer.start();
    const folder = mkdtempSync(join(tmpdir(), 'sentinel-'));
    try {
      const port = await freePort();
      // A Sentinel writes what it learns into its configuration.
      const file = join(folder, 'sentinel.conf');
      const lines = ['bind 127.0.0.1', `port ${port}`, `dir ${folder}`];
      lines.push(`sentinel monitor sessions 127.0.0.1 ${redis.port} 1`);
      writeFileSync(file, `${lines.join('\n')}\n`);
      const sentinel = await ServerProcess.start(redisServerProgram!, [file, '--sentinel'], {
        ready: /\+monitor master sessions/,
      });
      return new RedisSentinel(port, redis, folder, sentinel);
    } catch (error) {
      await redis.stop();
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.process.kill();
    await this.redis.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
