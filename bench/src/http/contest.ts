import { isShortened } from '../knobs.js';
import { ratioOf, type Spread } from '../spread.js';
import { check, seed } from './client.js';
import type { Adapter } from './server.js';
import { ServerProcess } from './server-process.js';
import { wrk } from './wrk.js';

/** One application is there twice: the second shows the noise. */
export const CONTROL = 'control';
const LOWEST_CONTROL = 0.9;
const HIGHEST_CONTROL = 1.1;
const MAX_ATTEMPTS = 5;

export interface Comparison {
  /** Requests per second. */
  readonly throughput: Spread;
  /** CPU time that the server used for a request. */
  readonly cpu: Spread;
}

/** Applications that were measured in the same rounds. */
export interface Contest {
  /** How the first compares to the second on a route, as a ratio. */
  compare(route: string, first: string, second: string): Comparison;
  /** The second process of the application that runs twice against its first. */
  control(route: string): Comparison;
}

export interface ContestPlan {
  readonly adapter: Adapter;
  /** The application that runs twice. */
  readonly base: string;
  /** Beside it. */
  readonly names: readonly string[];
  readonly routes: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** Of each application, which its requests use in turn. Default 1. */
  readonly sessions?: number;
  /** What the applications find in their environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Measures the applications against each other, each in a process started afresh. One whose
 * control lies too far from 1 is thrown away and held again, unless the run is a shortened one.
 */
export async function hold(plan: ContestPlan): Promise<Contest> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const contest = await attemptToHold(plan);
    const controls = plan.routes.map((route) => contest.control(route).throughput.median);
    const isQuiet = controls.every((one) => one >= LOWEST_CONTROL && one <= HIGHEST_CONTROL);
    if (isQuiet || isShortened()) return contest;
    const shown = controls.map((median) => median.toFixed(2)).join(', ');
    console.log(`Thrown away: ${plan.base} against itself came to ${shown}.`);
  }
  throw new Error('This machine is too noisy to measure on.');
}

async function attemptToHold(plan: ContestPlan): Promise<Contest> {
  const { adapter, base, names, routes, rounds, seconds, sessions = 1, env } = plan;
  const servers = new Map<string, ServerProcess>();
  try {
    for (const name of [base, CONTROL, ...names]) {
      const app = name === CONTROL ? base : name;
      servers.set(name, await ServerProcess.start(adapter, app, { env }));
    }
    const cookies = await cookiesOf(servers, sessions);
    const contestants = [...servers].map(
      ([name, server]) => new Contestant(name, server, cookies.get(name)!),
    );
    for (const one of contestants) {
      for (const route of routes) await one.measure(route, seconds);
    }
    for (const one of contestants) one.forget();
    for (let round = 0; round < rounds; round++) {
      for (const route of routes) {
        // Who comes first in one round comes last in the next: no place is better than another.
        const order = round % 2 === 0 ? contestants : contestants.toReversed();
        for (const one of order) await one.measure(route, seconds);
      }
    }
    return resultOf(contestants, base);
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

/**
 * The cookies that each application is sent. One without a session is sent those of the first that has
 * some, so that they are told apart by their sessions and not by the length of a header.
 */
async function cookiesOf(
  servers: ReadonlyMap<string, ServerProcess>,
  sessions: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const cookies = new Map<string, readonly string[]>();
  for (const [name, server] of servers) {
    if (isSessionless(server)) continue;
    const own = await Promise.all(Array.from({ length: sessions }, () => seed(server)));
    await check(server, own[0]);
    cookies.set(name, own);
  }
  const [first] = cookies.values();
  for (const name of servers.keys()) if (!cookies.has(name)) cookies.set(name, first);
  return cookies;
}

function isSessionless({ name }: ServerProcess): boolean {
  return name === 'bare' || name === 'no-op-interceptor';
}

/** One application, and what was measured of it: a figure per round on each route. */
class Contestant {
  readonly throughput = new Map<string, number[]>();
  readonly cpu = new Map<string, number[]>();

  constructor(
    readonly name: string,
    private readonly server: ServerProcess,
    private readonly cookies: readonly string[],
  ) {}

  async measure(route: string, seconds: number): Promise<void> {
    const before = await this.server.cpu();
    const load = await wrk(`${this.server.origin}/${route}`, this.cookies, seconds);
    const used = (await this.server.cpu()) - before;
    addTo(this.throughput, route, load.perSecond);
    addTo(this.cpu, route, used / load.requests);
  }

  /** What was measured so far was the warm-up. */
  forget(): void {
    this.throughput.clear();
    this.cpu.clear();
  }
}

function addTo(series: Map<string, number[]>, route: string, figure: number): void {
  const figures = series.get(route);
  if (figures === undefined) series.set(route, [figure]);
  else figures.push(figure);
}

function resultOf(contestants: readonly Contestant[], base: string): Contest {
  const byName = new Map(contestants.map((one) => [one.name, one]));
  const compare = (route: string, first: string, second: string): Comparison => {
    const [one, other] = [byName.get(first)!, byName.get(second)!];
    return {
      throughput: ratioOf(one.throughput.get(route)!, other.throughput.get(route)!),
      cpu: ratioOf(one.cpu.get(route)!, other.cpu.get(route)!),
    };
  };
  return { compare, control: (route) => compare(route, CONTROL, base) };
}
