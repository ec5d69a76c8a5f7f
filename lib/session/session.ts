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
 * A session, as a handler sees it. Nobody saves it: what changed is committed before the
 * response leaves.
 *
 * @typeParam T its shape, where one parameter knows it better than `SessionData`
 */
export interface Session<T extends object = SessionData> {
  /**
   * The live values: what is written here is stored, a change inside a value too. An object of data: of the
   * methods of `Object.prototype` it has those that no key of a session is called, so neither `toString` nor
   * `constructor`. `structuredClone` takes a copy: `structuredClone({ ...session.values })`.
   *
   * @throws SessionError `SESSION_INVALID` as `get` does, for any key
   */
  readonly values: Partial<Shape<T>>;
  /**
   * The value of a key; an instance of its class again. `undefined` where there is none, or none that
   * this build can read.
   *
   * @throws SessionError `SESSION_INVALID` where a stored value is not valid, and its type says
   * `onInvalid: 'throw'`
   */
  get<K extends Key<T>>(key: K): Shape<T>[K] | undefined;
  /** Stores anything that comes back as it was; see "Typed values" in the manual. */
  set<K extends Key<T>>(key: K, value: Shape<T>[K]): void;
  /** Whether there is a value under a key. */
  has(key: Key<T>): boolean;
  /** @returns whether there was a value */
  delete(key: Key<T>): boolean;
  /**
   * Adds to a number, which is 0 where there is none. Where a store keeps the session this is done
   * there and at once, whatever becomes of the request, so that no count is lost to another request.
   *
   * @param by a finite number. Default 1
   * @returns the sum
   * @throws SessionError `SESSION_UNSERIALIZABLE` where the key holds something else
   */
  increment(key: Key<T>, by?: number): Promise<number>;
  /** Removes all values. The session itself, its id and its deadlines stay. */
  clear(): void;

  /**
   * Adds a value that is shown once. Flashes lie among the values, as a list under their key.
   *
   * @throws SessionError `SESSION_UNSERIALIZABLE` where the key holds something else
   */
  addFlash<K extends string = '_flash'>(value: FlashUnder<T, K>, key?: K): void;
  /**
   * Reads the flashes of a key and removes them. A HEAD, a 304 and a prefetch remove none,
   * since nobody sees what they answer.
   */
  flashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  /** The same, of a key that the type of the session does not name. */
  flashes<F = unknown>(key?: string): F[];
  /** Reads the flashes of a key and leaves them. */
  peekFlashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  /** The same, of a key that the type of the session does not name. */
  peekFlashes<F = unknown>(key?: string): F[];
  /** Keeps for the next request what this one read: of these keys, or of all. */
  keepFlashes(...keys: string[]): void;

  /**
   * 144 random bits in base64url, 256 where a store keeps the session. Never sent to a client but
   * inside the seal. A new session that stays empty is not kept, so that the next request has another
   * id: `await session.save()` keeps it (for CSRF tokens, for throttling).
   */
  readonly id: string;
  /** The name of its cookie. */
  readonly name: string;
  /** Whether the request brought none that opens. */
  readonly isNew: boolean;
  readonly createdAt: Date;
  /** When the server stops accepting it if nobody uses it any more. */
  readonly expiresAt: Date;
  /**
   * This session's own cookie options, kept with it through later writes. A `maxAge` set here
   * is its idle time too: `ss.cookie.maxAge = '90 days'` is "remember me".
   */
  readonly cookie: SessionCookieOptions;

  /**
   * Keeps what has changed so far, even if the request fails with a 5xx later. A session that is empty
   * is kept too, and with it its id. A store has it when
   * the promise resolves; that works after the headers have left too, for a session that the client
   * knows by then.
   *
   * @throws SessionError what the commit would throw, and `SESSION_HEADERS_SENT` after the headers
   */
  save(): Promise<void>;
  /**
   * Gives the session a new id and keeps the values: call it whenever rights change (sign-in). What
   * the old id stood for is gone once the response leaves; with a cookie alone, a copy of it stays
   * readable until it expires. With an `owner` it is a sign-in: the session is bound to that user, and
   * where the module has a `registry` it can be listed and ended (`SessionService.list`, `end`,
   * `endAll`). Without, the owner stays.
   *
   * @param options a list, as `@fastify/passport` gives, is allowed and says nothing: all values stay
   * @throws SessionError `SESSION_CONFIG` where the owner or the label is none; `SESSION_STORE` where
   * the registry fails
   */
  regenerate(options?: RegenerateOptions | readonly string[]): Promise<void>;
  /** Who has signed in with this session; `undefined` where nobody has, or nobody said who. */
  readonly owner: string | undefined;
  /** When that was, or the last `reauthenticate()`; `undefined` where nobody has signed in. */
  readonly authenticatedAt: Date | undefined;
  /** Notes that the user has just proved again who they are, as by a password: see `@RequireFresh`. */
  reauthenticate(): Promise<void>;
  /**
   * Ends the session, whatever the request's outcome. What is stored afterwards begins a new one.
   * A store has forgotten it when the promise resolves; with a cookie alone, a copy of it, made
   * before, stays readable until it expires.
   */
  destroy(): Promise<void>;
  /** Throws away what was not saved. With a store, reads again what it holds now. */
  reload(): Promise<void>;
}
