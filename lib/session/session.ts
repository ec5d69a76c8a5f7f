import type { SessionCookieOptions } from '../options/session.options.js';
import type { RegenerateOptions } from './sign-in.js';

/**
 * The shape of your sessions, extended by declaration merging:
 *
 * ```ts
 * declare module 'nestjs-typed-session' {
 *   interface SessionData { user: User; cart: Cart }
 * }
 * ```
 *
 * While it is empty, every key is allowed and every value is `unknown`.
 */
export interface SessionData {}

/** `T`, or any key with any value where nothing was declared. */
type Shape<T> = [keyof T] extends [never] ? Record<string, unknown> : T;
type Key<T> = keyof Shape<T> & string;
/** What a list of flashes holds. */
type Flash<V> = NonNullable<V> extends readonly (infer F)[] ? F : never;
/** What may be added under a key: anything, but where the shape says what lies there. */
type FlashUnder<T, K extends string> = K extends keyof T ? Flash<T[K]> : unknown;

/**
 * A session, as a handler gets it. You do not save it: the module commits its changes before the
 * response leaves.
 *
 * @typeParam T the values of this one session. Default: `SessionData`
 */
export interface Session<T extends object = SessionData> {
  /**
   * The live values. The module stores what you write here, and also a change inside a value. It is an
   * object of data, without methods such as `toString`, so every name may be a key. To get a copy, write
   * `structuredClone({ ...session.values })`.
   *
   * @throws SessionError `SESSION_INVALID` as `get` does, for any key
   */
  readonly values: Partial<Shape<T>>;
  /**
   * Gives the value of a key, as an instance of its class. Gives `undefined` if there is no value, or if
   * this build cannot read it.
   *
   * @throws SessionError `SESSION_INVALID` if the stored value is not valid and its type has
   * `onInvalid: 'throw'`
   */
  get<K extends Key<T>>(key: K): Shape<T>[K] | undefined;
  /** Stores a value. "Typed values" in the manual lists what can be stored. */
  set<K extends Key<T>>(key: K, value: Shape<T>[K]): void;
  /** Whether there is a value under a key. */
  has(key: Key<T>): boolean;
  /** @returns whether there was a value */
  delete(key: Key<T>): boolean;
  /**
   * Adds to a number, which starts at 0. A store counts at once, even if the request fails later, so
   * parallel requests lose no count.
   *
   * @param by a finite number. Default 1
   * @returns the sum
   * @throws SessionError `SESSION_UNSERIALIZABLE` if the key holds no number
   */
  increment(key: Key<T>, by?: number): Promise<number>;
  /** Removes all values. The session itself, its id and its deadlines stay. */
  clear(): void;

  /**
   * Adds a value that is shown once. Flashes are among the values, as a list under their key.
   *
   * @throws SessionError `SESSION_UNSERIALIZABLE` if the key holds no list
   */
  addFlash<K extends string = '_flash'>(value: FlashUnder<T, K>, key?: K): void;
  /**
   * Reads the flashes of a key and removes them. A HEAD request, a 304 and a prefetch remove none,
   * because nobody sees their answer.
   */
  flashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  /** The same, of a key that the type of the session does not name. */
  flashes<F = unknown>(key?: string): F[];
  /** Reads the flashes of a key and leaves them. */
  peekFlashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  /** The same, of a key that the type of the session does not name. */
  peekFlashes<F = unknown>(key?: string): F[];
  /** Keeps the flashes that this request has read for the next one: those of the keys, or all. */
  keepFlashes(...keys: string[]): void;

  /**
   * 144 random bits in base64url, 256 with a store. It leaves the server only inside the seal. A new
   * session that stays empty is not kept, so the next request has another id. `await session.save()`
   * keeps it (for CSRF tokens, for throttling).
   */
  readonly id: string;
  /** The name of its cookie. */
  readonly name: string;
  /** Whether the request brought no session that opens. */
  readonly isNew: boolean;
  /** When the session began. */
  readonly createdAt: Date;
  /** When the server stops accepting the session if nobody uses it before. */
  readonly expiresAt: Date;
  /**
   * The cookie options of this one session. They stay with it through later writes. A `maxAge` here is
   * its idle time too: `ss.cookie.maxAge = '90 days'` is "remember me".
   */
  readonly cookie: SessionCookieOptions;

  /**
   * Keeps the changes so far, even if the request fails with a 5xx later. It keeps an empty session too,
   * and its id. A store has the changes when the promise resolves. With a store it also works after the
   * headers have left, if the client knows the session by then.
   *
   * @throws SessionError what the commit would throw, and `SESSION_HEADERS_SENT` after the headers
   */
  save(): Promise<void>;
  /**
   * Gives the session a new id and keeps the values. Call it whenever the rights of a visitor change, as
   * at a sign-in. The old id opens nothing once the response has left. With the cookie alone, a copy of
   * the old cookie can be read until it expires.
   *
   * With an `owner` it is a sign-in: it binds the session to that user. If the module has a `registry`,
   * `SessionService.list`, `end` and `endAll` then know the session. Without an `owner`, the owner stays.
   *
   * @param options a list, as `@fastify/passport` gives, changes nothing: all values stay
   * @throws SessionError `SESSION_CONFIG` if the owner or the label is wrong; `SESSION_STORE` if the
   * registry fails
   */
  regenerate(options?: RegenerateOptions | readonly string[]): Promise<void>;
  /** Who has signed in with this session; `undefined` if no sign-in named an owner. */
  readonly owner: string | undefined;
  /** When the owner signed in, or the last `reauthenticate()`; `undefined` if neither happened. */
  readonly authenticatedAt: Date | undefined;
  /** Notes that the user has just given the password again: see `@RequireFresh`. */
  reauthenticate(): Promise<void>;
  /**
   * Ends the session, even if the request fails later. A value that is stored afterwards begins a new
   * session. A store has removed the session when the promise resolves. With the cookie alone, a copy
   * that somebody made before can be read until it expires.
   */
  destroy(): Promise<void>;
  /** Throws away the changes that were not saved. With a store, it reads the session again. */
  reload(): Promise<void>;
}
