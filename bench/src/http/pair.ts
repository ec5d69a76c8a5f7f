import { isShortened, roundsOr, secondsOr } from '../knobs.js';
import { ratioOf, type Spread } from '../spread.js';
import { check, cookieOfOurs, seed } from './client.js';
import { type Route, ROUTES } from './routes.js';
import type { Adapter } from './server.js';
import { ServerProcess } from './server-process.js';
import { wrk } from './wrk.js';

/** For each of the two orders in which they are started. */
const ROUNDS = roundsOr(3);
const SECONDS = secondsOr(0.5);
/**
 * On each route, and counted in requests: how much of an application the engine has compiled for good
 * depends on what has run, and a slow machine would be measured cold after any fixed time.
 */
const WARM_UP_REQUESTS = 5_000;
/** What has not come so far then has something other to wait for than the engine. */
const MAX_WARM_UP_SECONDS = 12;
/** Before each turn: a server that stood idle while the other was measured starts cold. */
const WAKE_SECONDS = 0.2;

/** How a pair is measured, for whoever reads its figures. */
export const ROUNDS_SHOWN =
  `Two times ${ROUNDS} rounds of ${SECONDS} s, each time after ${WARM_UP_REQUESTS} requests ` +
  `(or ${MAX_WARM_UP_SECONDS} s of them) to warm up on each route: median (minimum to maximum).`;

/** What both applications of a pair run on. */
export interface Ground {
  readonly adapter: Adapter;
  /** Of each application, which its requests use in turn. Default 1. */
  readonly sessions?: number;
  /** What the applications find in their environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Those that are measured. Default all. */
  readonly routes?: readonly Route[];
  /** How far from 1 an application against itself may come out. */
  readonly quiet?: { readonly min: number; readonly max: number };
}

/** Ratios of an application to the one that it is measured against. */
export interface Ratios {
  /** Requests per second. */
  readonly throughput: Spread;
  /** CPU time that the server used for a request. */
  readonly cpu: Spread;
}

/** For each route that was measured. */
export type RatiosByRoute = Readonly<Record<Route, Ratios>>;

/**
 * Measures one application against another, both in processes started afresh for it: an aged
 * process and a fresh one are no match. After a warm-up they take turns on each route. Then all of it
 * once more, where the other is started first: who was started first was seen to be a little slower.
 */
export async function measurePair(
  ground: Ground,
  app: string,
  base: string,
): Promise<RatiosByRoute> {
  const { routes = ROUTES } = ground;
  const first = await takeTurns(ground, app, base);
  const second = (await takeTurns(ground, base, app)).toReversed();
  const [one, other] = first.map((figures, i) =>
    byRoute(routes, (route) => joined(figures[route], second[i][route])),
  );
  return byRoute(routes, (route) => ({
    throughput: ratioOf(one[route].throughput, other[route].throughput),
    cpu: ratioOf(one[route].cpu, other[route].cpu),
  }));
}

/** @returns what was measured of each, in the order in which they were started */
async function takeTurns(ground: Ground, ...names: readonly string[]): Promise<FiguresByRoute[]> {
  const { routes = ROUTES } = ground;
  const servers: ServerProcess[] = [];
  try {
    for (const name of names) {
      servers.push(await ServerProcess.start(ground.adapter, name, { env: ground.env }));
    }
    const cookies = await cookiesOf(servers, ground);
    const sides = servers.map((server, i) => new Side(server, cookies[i], routes));
    for (const side of sides) await side.prepare();
    for (let round = 0; round < ROUNDS; round++) {
      for (const route of routes) {
        // Who comes first in one round comes last in the next: no place is better than the other.
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side.turn(route);
      }
    }
    return sides.map(({ figures }) => figures);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** What was measured of an application, turn by turn. */
interface Figures {
  readonly throughput: number[];
  readonly cpu: number[];
}

type FiguresByRoute = Readonly<Record<Route, Figures>>;

function joined(one: Figures, other: Figures): Figures {
  return {
    throughput: [...one.throughput, ...other.throughput],
    cpu: [...one.cpu, ...other.cpu],
  };
}

/**
 * The cookies that each application is sent. One without a session is sent those of the other, or
 * else of ours, so that they are told apart by their sessions and not by the length of a header.
 */
async function cookiesOf(
  servers: readonly ServerProcess[],
  { adapter, sessions = 1 }: Ground,
): Promise<readonly (readonly string[])[]> {
  const own = await Promise.all(
    servers.map((server) => seedAll(server, hasSession(server) ? sessions : 0)),
  );
  const lent = own.find(({ length }) => length > 0) ?? [await cookieOfOurs(adapter)];
  return own.map((cookies) => (cookies.length > 0 ? cookies : lent));
}

function hasSession({ name }: ServerProcess): boolean {
  return name !== 'bare' && name !== 'no-op-interceptor';
}

function seedAll(server: ServerProcess, sessions: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: sessions }, () => seed(server)));
}

/** One application of a pair, with a figure for each of its turns. */
class Side {
  readonly figures: FiguresByRoute;

  constructor(
    private readonly server: ServerProcess,
    private readonly cookies: readonly string[],
    private readonly routes: readonly Route[],
  ) {
    this.figures = byRoute(routes, () => ({ throughput: [], cpu: [] }));
  }

  /** Makes sure that it does what its figures will stand for, and warms it up. */
  async prepare(): Promise<void> {
    await check(this.server, this.cookies[0]);
    for (const route of this.routes) await this.warmUp(route);
  }

  async turn(route: Route): Promise<void> {
    await this.load(route, WAKE_SECONDS);
    const before = await this.server.cpu();
    const { requests, perSecond } = await this.load(route, SECONDS);
    const used = (await this.server.cpu()) - before;
    this.figures[route].throughput.push(perSecond);
    this.figures[route].cpu.push(used / requests);
  }

  private async warmUp(route: Route): Promise<void> {
    let requests = 0;
    for (let seconds = 1; seconds <= MAX_WARM_UP_SECONDS; seconds++) {
      requests += (await this.load(route, 1)).requests;
      if (requests >= WARM_UP_REQUESTS || isShortened()) return;
    }
  }

  private load(route: Route, seconds: number) {
    return wrk(`${this.server.origin}/${route}`, this.cookies, seconds);
  }
}

function byRoute<T>(routes: readonly Route[], valueOf: (route: Route) => T): Record<Route, T> {
  return Object.fromEntries(routes.map((route) => [route, valueOf(route)])) as Record<Route, T>;
}
