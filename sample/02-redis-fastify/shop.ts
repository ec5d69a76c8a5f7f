import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FoundRedis } from './find-redis.js';
import { createFront } from './front.js';
import { Processes } from './processes.js';

/** Two processes on one Redis, and what stands before them. They start and end together. */
export class Shop {
  private readonly processes: Processes;
  private readonly front: Server;
  private stopping: Promise<void> | undefined;

  constructor(private readonly redis: FoundRedis) {
    // One secret for both: a secret of its own would make a process a stranger to the other's cookies.
    const secret = process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url');
    const env = { ...process.env, REDIS_URL: redis.url, SESSION_SECRET: secret };
    this.processes = new Processes(env, (error) => this.fail(error));
    this.front = createFront(this.processes);
    redis.server?.once('exit', () => this.fail(new Error('Redis has ended.')));
  }

  async start(): Promise<void> {
    try {
      // Before the processes start, so that a port that is taken is found at once.
      await once(this.front.listen(process.env.PORT ?? 3000), 'listening');
      await this.processes.start(2);
      if (this.stopping !== undefined) return;
      this.announce();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Closes the door, lets the processes answer what they have taken on, and then ends Redis. */
  stop(): Promise<void> {
    return (this.stopping ??= this.stopInOrder());
  }

  private async stopInOrder(): Promise<void> {
    this.front.close();
    await this.processes.stop();
    this.front.closeAllConnections();
    this.redis.server?.kill('SIGTERM');
  }

  private fail(error: Error): void {
    // What is told to end, ends.
    if (this.stopping !== undefined) return;
    console.error(`The shop is closed: ${error.message}`);
    process.exitCode = 1;
    void this.stop();
  }

  private announce(): void {
    if (process.env.SESSION_SECRET === undefined) {
      console.log(
        'SESSION_SECRET is not set: the secret is a new one, and a restart signs everyone out.',
      );
    }
    const { port } = this.front.address() as AddressInfo;
    const ids = this.processes.ids.join(' and ');
    console.log(`Redis: ${this.redis.name}`);
    console.log(`Shop on Fastify, in the processes ${ids}: http://localhost:${port}`);
  }
}
