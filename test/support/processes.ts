import { adapters } from './app.js';
import { assertBuilt } from './built-library.js';
import { Client } from './client.js';
import { RedisServer } from './redis-server.js';
import { freePort, ServerProcess } from './server-process.js';

/** Two processes for each adapter, on one Redis. Each serves one application, or several. */
export class Processes {
  private constructor(
    /** The addresses of each application, one of each process. */
    private readonly addresses: readonly (readonly string[])[],
    private readonly redis: RedisServer,
    private readonly running: readonly ServerProcess[],
  ) {}

  /** @param fixture what each runs, with the adapter, the address of Redis and a port for each application */
  static async start(fixture: string, applications = 1): Promise<Processes> {
    assertBuilt();
    const redis = await RedisServer.start();
    const running: ServerProcess[] = [];
    const start = async (adapter: string) => {
      const ports: number[] = [];
      for (let i = 0; i < applications; i++) ports.push(await freePort());
      const args = [fixture, adapter, redis.url, ...ports.map(String)];
      running.push(await ServerProcess.start(process.execPath, args, { ready: /^listening$/ }));
      return ports.map((port) => `http://127.0.0.1:${port}`);
    };
    const ofProcesses = await Promise.all([...adapters, ...adapters].map(start));
    const addresses = ofProcesses[0].map((_, i) => ofProcesses.map((urls) => urls[i]));
    return new Processes(addresses, redis, running);
  }

  /** The addresses of the first application. */
  get urls(): readonly string[] {
    return this.addresses[0];
  }

  /** A client of one of the processes, with the cookies of another client. */
  clientOf(number: number, other?: Client, application = 0): Client {
    const urls = this.addresses[application];
    const client = new Client(urls[number % urls.length]);
    for (const [name, value] of other?.jar ?? []) client.jar.set(name, value);
    return client;
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((one) => one.kill()));
    await this.redis.stop();
  }
}
