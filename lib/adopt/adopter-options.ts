import { SessionError } from '../session.errors.js';

/** The values of an old session, as the other library kept them. */
export type OldValues = Record<string, unknown>;

/** Options of every function of `nestjs-typed-session/adopt`. */
export interface AdopterOptions {
  /** The name of the other library's cookie. */
  readonly name?: string;
  /** The path of that cookie. A browser deletes the cookie only if the path matches. Default `/` */
  readonly path?: string;
  /** The domain of that cookie. A browser deletes the cookie only if it matches. Default none */
  readonly domain?: string;
  /**
   * Leaves the old cookie and the old session as they are, while both versions of the application run.
   * Default `false`
   */
  readonly keepOld?: boolean;
  /**
   * Renames and converts the values: gets the old ones, and returns the new ones, or `undefined` for no
   * session.
   */
  readonly map?: (values: OldValues) => OldValues | undefined;
}

/** The characters of a cookie's name (RFC 6265, section 4.1.1: a token). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What may not stand in an attribute: control characters and `;`. */
const ATTRIBUTE = /^[^\p{Cc};]+$/u;

/** @throws SessionError `SESSION_CONFIG` */
export function checkOptions(format: string, name: string, options: AdopterOptions): void {
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw wrong(format, 'name has to be the name of the old cookie');
  }
  for (const key of ['path', 'domain'] as const) {
    const value = options[key];
    if (value !== undefined && (typeof value !== 'string' || !ATTRIBUTE.test(value))) {
      throw wrong(format, `${key} has to be the ${key} of the old cookie`);
    }
  }
  if (options.map !== undefined && typeof options.map !== 'function') {
    throw wrong(format, 'map has to be a function from values to values');
  }
}

/**
 * One secret, or a list of them, as a list without empty ones.
 *
 * @throws SessionError `SESSION_CONFIG`, which never quotes a secret
 */
export function listOfKeys<K extends string | Uint8Array>(
  format: string,
  option: string,
  given: K | readonly K[],
): readonly K[] {
  const list = (Array.isArray(given) ? given : [given]) as readonly K[];
  const areKeys = list.every(
    (key) => (typeof key === 'string' || key instanceof Uint8Array) && key.length > 0,
  );
  if (list.length === 0 || !areKeys) {
    throw wrong(format, `${option} has to be what the old application has, not empty at any place`);
  }
  return list;
}

export function wrong(format: string, message: string): SessionError {
  return new SessionError('SESSION_CONFIG', `${format}: ${message}.`);
}
