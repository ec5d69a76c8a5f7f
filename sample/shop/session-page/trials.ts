import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type SessionOptions, SessionService } from 'nestjs-typed-session';
import { lookOnly } from './look-only.js';
import { type SeenEvent, SessionEvents } from './session-events.js';

/** The options that the sample has given to `SessionModule`. */
export const SESSION_OPTIONS = Symbol('SESSION_OPTIONS');

/** A way to break a session: another cookie, or other options of the server. */
export interface Way {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly cookie?: (token: string) => string;
  readonly server?: (options: SessionOptions) => Partial<SessionOptions>;
}

const secretsOf = ({ secret }: SessionOptions) => (Array.isArray(secret) ? secret : [secret]);

export const WAYS: readonly Way[] = [
  {
    id: 'tamper',
    name: 'Tamper',
    text: 'One character in the middle of the cookie becomes another.',
    cookie: (token) => {
      const middle = Math.floor(token.length / 2);
      const other = token[middle] === 'A' ? 'B' : 'A';
      return token.slice(0, middle) + other + token.slice(middle + 1);
    },
  },
  {
    id: 'cut',
    name: 'Cut',
    text: 'The second half of the cookie is lost on the way.',
    cookie: (token) => token.slice(0, token.length / 2),
  },
  {
    id: 'expire',
    name: 'Expire',
    text: 'The server accepts no session that is older than one second.',
    server: () => ({ absoluteTimeout: '1 second' }),
  },
  {
    id: 'rotate',
    name: 'Rotate',
    text: 'The server gets a new secret, and keeps the old one to open with.',
    server: (options) => ({ secret: [randomBytes(32), ...secretsOf(options)] }),
  },
  {
    id: 'forget',
    name: 'Forget the key',
    text: 'The server gets a new secret, and the old one is thrown away.',
    server: () => ({ secret: randomBytes(32) }),
  },
];

/** What then happened. */
export interface Trial {
  readonly way: string;
  readonly status: number;
  /** The keys that the server has read. */
  readonly keys: readonly string[];
  readonly events: readonly SeenEvent[];
  /** Whether the answer has set the cookie anew. */
  readonly isSealedAnew: boolean;
}

/**
 * Breaks a copy of a session, and sends it to a server of its own that uses the session without Nest.
 * The session of the visitor stays whole, also in a store.
 */
@Injectable()
export class Trials {
  constructor(
    @Inject(SESSION_OPTIONS) private readonly options: SessionOptions,
    private readonly events: SessionEvents,
  ) {}

  async run({ id, cookie, server }: Way, token: string, createdAt: Date): Promise<Trial> {
    const sessions = new SessionService({
      ...lookOnly(this.options),
      ...server?.(this.options),
    });
    // A session that began this second is not too old yet.
    if (id === 'expire') await delay(Math.max(0, createdAt.getTime() + 1100 - Date.now()));

    let keys: string[] = [];
    let events: readonly SeenEvent[] = [];
    const answer = async (...[request, response]: Parameters<RequestListener>) => {
      try {
        keys = Object.keys((await sessions.get(request, response)).values);
      } catch {
        // The store may fail at this moment.
        response.statusCode = 503;
      }
      response.end();
    };
    const { status, headers } = await askOnce(
      (...exchange) => {
        void this.events.record((seen) => {
          events = seen;
          return answer(...exchange);
        });
      },
      `${this.options.name}=${cookie?.(token) ?? token}`,
    );
    return { way: id, status, keys, events, isSealedAnew: headers.has('set-cookie') };
  }
}

/** Starts a server for one request. */
async function askOnce(listener: RequestListener, cookie: string): Promise<Response> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    return await fetch(`http://127.0.0.1:${port}`, { headers: { cookie, connection: 'close' } });
  } finally {
    server.close();
    await once(server, 'close');
  }
}
