import type { AtLeast } from '../report/targets.js';
import type { Route } from './routes.js';
import type { Adapter } from './server.js';

export interface Peer {
  /** Of its application in `apps/`. */
  readonly app: string;
  readonly title: string;
  /** How many times its throughput ours has to be. */
  readonly targets: Readonly<Record<Route, AtLeast>>;
}

/** Ahead by more than nothing that is shown. */
const AHEAD = { atLeast: 1.01 };

export const IRON_SESSION: Peer = {
  app: 'iron-session',
  title: 'iron-session',
  targets: { plain: AHEAD, read: { atLeast: 4 }, write: { atLeast: 4 } },
};

export const PEERS: Readonly<Record<Adapter, readonly Peer[]>> = {
  express: [
    {
      app: 'express-session',
      title: 'express-session, in memory',
      targets: { plain: { atLeast: 1.8 }, read: { atLeast: 1.15 }, write: { atLeast: 1.15 } },
    },
    {
      app: 'cookie-session',
      title: 'cookie-session',
      targets: { plain: AHEAD, read: { atLeast: 1.15 }, write: { atLeast: 1.15 } },
    },
    IRON_SESSION,
  ],
  fastify: [
    {
      app: 'secure-session',
      title: '@fastify/secure-session',
      targets: { plain: { atLeast: 2.2 }, read: { atLeast: 1.1 }, write: { atLeast: 1.1 } },
    },
    {
      app: 'fastify-session',
      title: '@fastify/session, in memory',
      targets: { plain: AHEAD, read: AHEAD, write: AHEAD },
    },
    IRON_SESSION,
  ],
};

/** What ours has to reach of the bare application's throughput. */
export const OURS_TO_BARE: Readonly<Record<Adapter, Readonly<Record<Route, AtLeast>>>> = {
  express: { plain: { atLeast: 0.95 }, read: { atLeast: 0.7 }, write: { atLeast: 0.57 } },
  fastify: { plain: { atLeast: 0.95 }, read: { atLeast: 0.42 }, write: { atLeast: 0.26 } },
};
