import type { HttpClient } from './http-client.js';
import { type KnownSession, lossIn } from './known-session.js';
import type { Numbers } from './numbers.js';

type Act = 'read' | 'increment' | 'left' | 'right';

/** What a visitor sends at once: the last one races with itself on purpose, four changes at a time. */
const VISITS: readonly (readonly Act[])[] = [
  ['read'],
  ['read'],
  ['read'],
  ['left'],
  ['read', 'increment', 'increment', 'left', 'right', 'read'],
];
const VISITORS = 32;

/**
 * People who visit sessions at random, each session one at a time, and know what they did there.
 * Each read is compared with what was acknowledged before it was sent.
 */
export class Visitors {
  /** In milliseconds. */
  readonly latencies = { read: [] as number[], increment: [] as number[], set: [] as number[] };
  lost = 0;
  surplus = 0;
  serverErrors = 0;
  private readonly visited = new Set<KnownSession>();

  constructor(
    private readonly client: HttpClient,
    private readonly sessions: readonly KnownSession[],
  ) {}

  async visitFor(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    await this.together(async () => {
      while (performance.now() < end) await this.visit(anyOf(this.sessions));
    });
  }

  /** @returns how many have been changed */
  async readAllChanged(): Promise<number> {
    const changed = this.sessions.filter(({ isChanged }) => isChanged);
    const unread = changed.values();
    await this.together(async () => {
      for (const session of unread) await this.read(session);
    });
    return changed.length;
  }

  private async together(visitor: () => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: VISITORS }, visitor));
  }

  private async visit(session: KnownSession): Promise<void> {
    if (this.visited.has(session)) return;
    this.visited.add(session);
    await Promise.all(anyOf(VISITS).map((act) => this.act(act, session)));
    this.visited.delete(session);
  }

  private act(act: Act, session: KnownSession): Promise<void> {
    if (act === 'read') return this.read(session);
    if (act === 'increment') return this.increment(session);
    return this.set(act, session);
  }

  private async read(session: KnownSession): Promise<void> {
    const { acknowledged } = session;
    const found = await this.send('read', 'GET', '/numbers', session);
    if (found === undefined) return;
    this.lost += lossIn(found as Numbers, acknowledged);
    this.surplus += session.surplusIn(found as Numbers);
  }

  private async increment(session: KnownSession): Promise<void> {
    const { counter } = session.numbers;
    counter.attempted++;
    const answer = await this.send('increment', 'POST', '/increment', session);
    if (answer !== undefined) counter.acknowledged++;
  }

  private async set(key: 'left' | 'right', session: KnownSession): Promise<void> {
    const number = session.numbers[key];
    const value = ++number.attempted;
    const answer = await this.send('set', 'POST', `/set/${key}/${value}`, session);
    if (answer !== undefined) number.acknowledged = value;
  }

  /** @returns what a server answered; `undefined` where it failed, and nothing is acknowledged */
  private async send(
    kind: keyof Visitors['latencies'],
    method: 'GET' | 'POST',
    path: string,
    { cookie }: KnownSession,
  ): Promise<unknown> {
    const start = performance.now();
    const { status, body } = await this.client.send(method, path, cookie);
    this.latencies[kind].push(performance.now() - start);
    if (status < 300) return body;
    if (status < 500) throw new Error(`${path} answered ${status}`);
    this.serverErrors++;
    return undefined;
  }
}

function anyOf<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)];
}
