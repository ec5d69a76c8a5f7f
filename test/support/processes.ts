import { adapters } from './app.js';
import { assertBuilt } from './built-library.js';
import { Client } from './client.js';
import { RedisServer } from './redis-server.js';
import { freePort, ServerProcess } from './server-process.js';

/** Two processes for each adapter, on one Redis. */
export class Processes {
  private constructor(
    readonly urls: readonly string[],
    private readonly redis: RedisServer,
    private readonly running: readonly ServerProcess[],
  ) {}

  /** @param fixture what each runs, with the adapter, the port, the address of Redis and `args` */
  static async start(fixture: string, ...args: string[]): Promise<Processes> {
    assertBuilt();
    const redis = await RedisServer.start();
    const running: ServerProcess[] = [];
    const start = async (adapter: string) => {
      const port = await freePort();
      const all = [fixture, adapter, `${port}`, redis.url, ...args];
      running.push(await ServerProcess.start(process.execPath, all, { ready: /^listening$/ }));
      return `http://127.0.0.1:${port}`;
    };
    return new Processes(await Promise.all([...adapters, ...adapters].map(start)), redis, running);
  }

  /** A client of one of the processes, with the cookies of another client. */
  clientOf(number: number, other?: Client): Client {
    const client = new Client(this.urls[number % this.urls.length]);
    for (const [name, value] of other?.jar ?? []) client.jar.set(name, value);
    return client;
  }

  async stop(): Promise<void> {
    for (const one of this.running) await one.kill();
    await this.redis.stop();
  }
}
