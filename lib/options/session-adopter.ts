import type { ValueRules } from '../values/value-rules.js';

/** A cookie of the other library, with the attributes by which a browser finds it to delete it. */
export interface OldCookie {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  /** Whether a browser refuses a cookie of this name without `Secure`: `__Host-`, `__Secure-`. */
  readonly secure: boolean;
}

/** The values of all cookies of one name, as they stand in the request, in their order. */
export type CookieReader = (name: string) => readonly string[];

/** A session that another library began, and that it would still accept. */
export interface AdoptedSession {
  /** Its values, after `map`. Without a prototype: `__proto__` is a key like others. */
  readonly values: Record<string, unknown>;
  /** A hash that tells this session from others of its library, and opens nothing. */
  readonly fingerprint: string;
  /**
   * Whether a later sign-in with the same values has the same fingerprint, since the cookie has neither
   * an id nor a time in it. Such a session cannot be told to have ended.
   */
  readonly isRepeatable: boolean;
  /** Removes the session from the other library's store; absent where only the cookie keeps it. */
  readonly end: (() => Promise<void>) | undefined;
}

/** Opens the sessions of the library that an application comes from. */
export interface SessionAdopter {
  /** The package whose sessions it opens, for events and messages. */
  readonly library: string;
  /** The cookies that it reads, and that are deleted once their session is adopted. */
  readonly cookies: readonly OldCookie[];
  /** Whether the old session stays, since the old application still runs beside the new one. */
  readonly keepOld: boolean;
  /**
   * Loads the package that it is built on, and derives keys: to be awaited at boot.
   *
   * @throws SessionError `SESSION_CONFIG` where the package is not installed
   */
  prepare(): Promise<void>;
  /**
   * The session that the request brings, or `undefined`: no cookie, one that does not verify, or one
   * that has expired.
   *
   * @throws SessionError `SESSION_STORE` where the old store fails, `SESSION_INVALID` where a cookie
   * verifies and holds what cannot be adopted; and what `map` throws
   */
  adopt(cookies: CookieReader, rules?: ValueRules): Promise<AdoptedSession | undefined>;
}
