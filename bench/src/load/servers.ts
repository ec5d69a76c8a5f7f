import { ServerProcess } from '../http/server-process.js';
import { HttpClient } from './http-client.js';
import { KnownSession } from './known-session.js';

/** On both adapters, which share their sessions. */
const ADAPTERS = ['express', 'fastify', 'express', 'fastify'] as const;
/** How many sessions are begun by one request, and how many such requests there are at once. */
const BATCH = 100;
const BATCHES_AT_ONCE = 8;

/** The processes of an application that share one Redis. */
export class Servers {
  readonly client: HttpClient;

  private constructor(private readonly processes: readonly ServerProcess[]) {
    this.client = new HttpClient(processes.map(({ origin }) => origin));
  }

  static async start(redisUrl: string): Promise<Servers> {
    // They share the machine as they would elsewhere, and are not bound to a core.
    const options = { env: { REDIS_URL: redisUrl }, isPinned: false };
    const starting = ADAPTERS.map((adapter) => ServerProcess.start(adapter, 'load', options));
    return new Servers(await Promise.all(starting));
  }

  async begin(count: number): Promise<KnownSession[]> {
    const sessions: KnownSession[] = [];
    let missing = count;
    const beginBatches = async () => {
      while (missing > 0) {
        const size = Math.min(BATCH, missing);
        missing -= size;
        const { status, body } = await this.client.send('POST', `/sessions/${size}`);
        if (status >= 300) throw new Error(`Sessions could not be begun: status ${status}.`);
        for (const token of body as string[]) sessions.push(new KnownSession(`session=${token}`));
      }
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, beginBatches));
    return sessions;
  }

  /** How many writes met a newer version. */
  async conflicts(): Promise<number> {
    let sum = 0;
    for (const { origin } of this.processes) {
      const response = await fetch(`${origin}/conflicts`);
      sum += ((await response.json()) as { conflicts: number }).conflicts;
    }
    return sum;
  }

  async stop(): Promise<void> {
    this.client.close();
    await Promise.all(this.processes.map((one) => one.stop()));
  }
}
