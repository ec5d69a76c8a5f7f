import type { Route } from '../http/routes.js';
import type { Counted } from '../redis/command-table.js';
import { REDIS_PEERS } from '../redis/peers.js';
import type { Target } from '../report/targets.js';

/** Those that use the session. */
export const USING = ['read', 'write'] as const satisfies readonly Route[];

/** Cookie sessions with an owner, without a registry and with one. */
export const WITHOUT = 'signed-in';
export const IN_MEMORY = 'signed-in-memory';

/** What a registry in memory may cost of CPU time, and so of requests per second. */
export const COST = { cpu: { atMost: 1.05 }, throughput: { atLeast: 0.95 } };

export interface RedisSide extends Counted {
  readonly maxCommands: Readonly<Record<Route, Target>>;
}

/** Sessions with an owner and a registry in Redis, by where they are kept. */
export const IN_REDIS: readonly RedisSide[] = [
  {
    app: 'signed-in-redis',
    title: '**ours**, sessions in the cookie',
    // A write asks once more before its cookie goes out: the session may have been ended meanwhile.
    maxCommands: { plain: { atMost: 0 }, read: { atMost: 1 }, write: { atMost: 2 } },
  },
  {
    app: 'signed-in-redis-store',
    title: '**ours**, sessions in Redis too',
    // As without a registry, and one that asks it.
    maxCommands: { plain: { atMost: 0 }, read: { atMost: 2 }, write: { atMost: 3 } },
  },
];

/** Express-session with connect-redis, as its documentation shows it. */
export const [REDIS_PEER] = REDIS_PEERS.express;

/** How many times its throughput ours has to be. */
export const AHEAD = { atLeast: 1.2 };
