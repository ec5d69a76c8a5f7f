import type { Route } from '../http/routes.js';
import type { Adapter } from '../http/server.js';
import type { Target } from '../report/targets.js';

export const OURS = 'ours-redis';

export interface RedisPeer {
  /** Of its application in `../http/apps/`. */
  readonly app: string;
  readonly title: string;
  /** How many times its throughput ours has to be, by route. */
  readonly targets?: Readonly<Partial<Record<Route, Target>>>;
}

const TARGETS = { read: { atLeast: 1.2 }, write: { atLeast: 1.2 } };

/** Each as its documentation shows it, and once more with as little to do as its options allow. */
export const REDIS_PEERS: Readonly<Record<Adapter, readonly RedisPeer[]>> = {
  express: [
    {
      app: 'express-session-redis',
      title: 'express-session with connect-redis',
      targets: TARGETS,
    },
    {
      app: 'express-session-redis-untouched',
      title: 'the same with `disableTouch: true`',
    },
  ],
  fastify: [
    {
      app: 'fastify-session-redis',
      title: '@fastify/session with connect-redis',
      targets: TARGETS,
    },
    {
      app: 'fastify-session-redis-unrolled',
      title: 'the same with `rolling: false`',
    },
  ],
};

/** How many commands ours may send for a request. A write reads first, as every library does. */
export const MAX_COMMANDS: Readonly<Record<Route, Target>> = {
  plain: { atMost: 0 },
  read: { atMost: 1 },
  write: { atMost: 2 },
};
