/** @module nestjs-typed-session/express-session */

import { SessionError } from '../session.errors.js';
import {
  isNoJson,
  SerialSessionStore,
  type SerialSessionStoreOptions,
  storedSessionIn,
} from './serial-session.store.js';
import { type StoredSession, UNREADABLE } from './session-store.js';
import { currentTime } from '../session.clock.js';

export type { SerialSessionStoreOptions } from './serial-session.store.js';

type Callback = (error?: unknown, value?: unknown) => void;

/** What is used of a store that was written for express-session. */
export interface ExpressSessionStoreLike {
  /** Reads a session. */
  get(sid: string, callback: Callback): unknown;
  /** Writes a session. */
  set(sid: string, value: unknown, callback: Callback): unknown;
  /** Removes a session. */
  destroy(sid: string, callback: Callback): unknown;
}

/**
 * Keeps sessions in a store that was written for express-session, such as connect-pg-simple or
 * connect-mongo. Its `touch` is not used: with many stores it moves the life of a row, and not what
 * the row says of it.
 *
 * @example
 * ```ts
 * new ExpressSessionStore(new PgStore({ pool }))
 * ```
 */
export class ExpressSessionStore extends SerialSessionStore {
  /** @throws SessionError `SESSION_CONFIG` where this is no store for express-session */
  constructor(
    private readonly store: ExpressSessionStoreLike,
    options?: SerialSessionStoreOptions,
  ) {
    super(options);
    if (!isStore(store)) {
      throw new SessionError(
        'SESSION_CONFIG',
        'ExpressSessionStore was not given a store for express-session: it has no get, set and destroy',
      );
    }
  }

  protected async load(key: string): Promise<StoredSession | undefined> {
    try {
      return storedSessionIn(await called((done) => this.store.get(key, done)));
    } catch (error) {
      if (isNoJson(error)) return UNREADABLE;
      // Stores that keep files say so where there is none; express-session knows it too.
      if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  protected async save(key: string, { text, version, expiresAt }: StoredSession): Promise<void> {
    const value = { cookie: cookieUntil(expiresAt), text, version, expiresAt };
    await called((done) => this.store.set(key, value, done));
  }

  protected async drop(key: string): Promise<void> {
    await called((done) => this.store.destroy(key, done));
  }
}

/**
 * As express-session's `Cookie` shows itself. It is where the stores learn how long to keep a session:
 * most from `expires`, some from `maxAge` or `originalMaxAge`, in milliseconds.
 */
function cookieUntil(expiresAt: number) {
  const maxAge = Math.max(1, Math.ceil(expiresAt - currentTime()));
  return {
    path: '/',
    httpOnly: true,
    expires: new Date(expiresAt),
    maxAge,
    originalMaxAge: maxAge,
  };
}

/** The value that a store gives to its callback, now or later; some stores throw instead. */
function called(act: (done: Callback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done: Callback = (error, value) => {
      if (error) reject(asError(error));
      else resolve(value);
    };
    const returned = act(done);
    // Of a store written with promises, a failure may come this way only.
    if (returned instanceof Promise) returned.catch(reject);
  });
}

/** Some stores call back with a text. */
function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  return new SessionError('SESSION_STORE', 'the store for express-session failed', {
    cause: error,
  });
}

function isStore(value: unknown): boolean {
  const { get, set, destroy } = (value ?? {}) as Partial<ExpressSessionStoreLike>;
  return [get, set, destroy].every((method) => typeof method === 'function');
}
