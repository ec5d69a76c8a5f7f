import { createHash } from 'node:crypto';
import { SessionError } from '../session.errors.js';
import { DEFAULT_RULES, type ValueRules } from '../values/value-rules.js';
import { checkOptions, wrong, type AdopterOptions, type OldValues } from './adopter-options.js';
import type { AdoptedSession, CookieReader, SessionAdopter } from '../options/session-adopter.js';

/** A session as a format finds it, before `map`. */
export interface OpenedSession {
  readonly values: Readonly<OldValues>;
  /** What stands for this session in the old library: its id, or its sealed text. */
  readonly identity: string;
  /** Whether the same values always have the same identity. Default `false` */
  readonly isRepeatable?: boolean;
  readonly end?: () => Promise<void>;
}

/** How the sessions of one library are found in a request. */
export interface Format {
  /** The function of this module, for messages: `fromIronSession`. */
  readonly title: string;
  readonly library: string;
  readonly name: string;
  /** Cookies beside the one of that name. */
  readonly otherNames?: readonly string[];
  prepare?(): Promise<void>;
  /** The texts that may be a session, from the cookies; by default each cookie of that name. */
  candidates?(cookies: CookieReader): Iterable<string>;
  /** Opens one of them. `undefined` where it does not verify, or has expired. */
  open(
    text: string,
    cookies: CookieReader,
    rules: ValueRules,
  ): Promise<OpenedSession | undefined> | OpenedSession | undefined;
}

/** Browsers keep no cookie whose name and value are longer (RFC 6265bis, section 5.6). */
const MAX_COOKIE_BYTES = 4096;

/** A browser sends one cookie of a name for each path and domain that fits: a few, never hundreds. */
const MAX_COOKIES_OF_ONE_NAME = 5;

/** What all formats have in common: bounds, the choice among several cookies, `map`. */
export function adopterOf(options: AdopterOptions, format: Format): SessionAdopter {
  const { title, library, name, otherNames = [] } = format;
  checkOptions(title, name, options);
  const { path = '/', domain, keepOld = false, map } = options;
  let prepared: Promise<void> | undefined;
  const prepare = (): Promise<void> => {
    if (prepared === undefined) {
      prepared = format.prepare?.() ?? Promise.resolve();
      // It is awaited at boot, or by the first session.
      prepared.catch(() => undefined);
    }
    return prepared;
  };

  return {
    library,
    keepOld,
    cookies: [name, ...otherNames].map((one) => ({
      name: one,
      path,
      domain,
      secure: /^__(?:Host|Secure)-/i.test(one),
    })),
    prepare,
    async adopt(allCookies, rules = DEFAULT_RULES) {
      const cookies = bounded(allCookies);
      for (const text of format.candidates?.(cookies) ?? cookies(name)) {
        await prepare();
        const opened = await format.open(text, cookies, rules);
        if (opened !== undefined) return adopted(opened);
      }
      return undefined;
    },
  };

  function adopted({
    values,
    identity,
    isRepeatable = false,
    end,
  }: OpenedSession): AdoptedSession | undefined {
    const mapped: unknown = map === undefined ? values : map(recordOf(values));
    if (mapped === undefined || mapped === null) return undefined;
    if (!isRecord(mapped) || typeof mapped.then === 'function') {
      throw wrong(title, 'map has to return an object of values, or undefined');
    }
    return {
      values: recordOf(mapped),
      fingerprint: createHash('sha256')
        .update([library, name, identity].join('\0'))
        .digest('base64url'),
      isRepeatable,
      end,
    };
  }
}

/** What is too long or too often there to come from a browser is not looked at. */
function bounded(cookies: CookieReader): CookieReader {
  return (name) =>
    cookies(name)
      .slice(0, MAX_COOKIES_OF_ONE_NAME)
      .filter((value) => value.length > 0 && name.length + value.length <= MAX_COOKIE_BYTES);
}

/** A copy without a prototype: `__proto__` and `constructor` are keys like others. */
function recordOf(values: object): OldValues {
  const record = Object.create(null) as OldValues;
  for (const [key, value] of Object.entries(values)) record[key] = value;
  return record;
}

/** The values in a JSON text; `undefined` where it is none of an object. */
export function valuesInJson(text: string): OldValues | undefined {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(values) ? values : undefined;
}

export function isRecord(value: unknown): value is OldValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a cookie that was written with `encodeURIComponent`; as it is where that fails. */
export function decodedCookie(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The error for a cookie that verifies, and holds what cannot be adopted. */
export function cannotAdopt(message: string, cause?: unknown): SessionError {
  return new SessionError('SESSION_INVALID', message, cause === undefined ? undefined : { cause });
}
