import { inspect } from 'node:util';
import ms, { type StringValue } from 'ms';
import { SessionError } from './session.errors.js';
import type { SessionStore } from './stores/session-store.js';

/** A duration: whole or broken seconds, or text as the `ms` package reads it (`'30 days'`, `'15m'`). */
export type Duration = number | string;

/** Attributes of the cookie (RFC 6265bis, section 4.1.2). */
export interface SessionCookieOptions {
  /** Default `/`. */
  path?: string;
  /** Default none: the cookie goes to this host alone, not to its subdomains. */
  domain?: string;
  /** Out of reach for scripts. Default `true`. */
  httpOnly?: boolean;
  /**
   * Over TLS only. Default `'auto'`: set when the request came over TLS, as the socket or the
   * adapter's trusted-proxy setting says. `true` on a plain connection: no cookie, one warning.
   */
  secure?: boolean | 'auto';
  /** Default `'lax'`. `'none'` needs `secure`, and on a plain connection falls back on `'lax'`. */
  sameSite?: 'strict' | 'lax' | 'none';
  /** A jar per top-level site (CHIPS). Default off; needs `secure`. */
  partitioned?: boolean;
  /** What Chromium evicts last. Default off. */
  priority?: 'low' | 'medium' | 'high';
  /**
   * How long a browser keeps the cookie. Default `'30 days'`. `0`: no `Max-Age`, it ends with
   * the browser. Negative: the session is deleted on commit, as in gorilla/sessions.
   */
  maxAge?: Duration;
}

/** Decides by the status of the response, and the request of the adapter, whether changes are kept. */
export type CommitPolicy = (status: number, request: unknown) => boolean;

export interface SessionOptions {
  /**
   * What seals. A list rotates: the first seals, all open. 32 bytes or more; a shorter one, or
   * a well-known placeholder, is an error under `NODE_ENV=production` and a warning elsewhere.
   */
  secret: string | Buffer | readonly (string | Buffer)[];
  /** Name of the cookie, an RFC 6265 token. Default `session`; with `secure: true` `__Host-session`. */
  name?: string;
  cookie?: SessionCookieOptions;
  /** How long the server accepts a session that nobody uses. Default `cookie.maxAge`, or 30 days. */
  idleTimeout?: Duration;
  /** The longest that a session may live, however active. Default none. */
  absoluteTimeout?: Duration;
  /** Whether use renews the idle time. Default `true`. */
  rolling?: boolean;
  /** The statuses whose changes are kept. Default: all below 500. */
  commitOn?: 'always' | CommitPolicy;
  /** Bytes of name and value together, as browsers count them. Default `4096`. */
  maxCookieBytes?: number;
  /** Where the values are kept, in place of the cookie, which then carries a sealed id alone. */
  store?: SessionStore;
  /** How long the store may take for one call. Default 2 seconds. */
  storeTimeout?: Duration;
  /**
   * What becomes of a request whose session the store cannot give. Default `'fail'`: it ends with a
   * 503, by way of Nest's filters. `'anonymous'`: it goes on with an empty session, which cannot be
   * written to.
   */
  onStoreError?: 'fail' | 'anonymous';
  /** Bytes of one session in the store, before it is sealed. Default `1048576` (1 MiB). */
  maxStoreBytes?: number;
  /** Whether the store is given sealed text, and not JSON. Default `true`. */
  encryptAtRest?: boolean;
}

/** One session's options, or those of several: the first is the default one. */
export type SessionModuleOptions = SessionOptions | readonly SessionOptions[];

/** For `SessionModule.forRootAsync({ useClass })` and `useExisting`. */
export interface SessionOptionsFactory {
  createSessionOptions(): Promise<SessionModuleOptions> | SessionModuleOptions;
}

/** The cookie options of a session with nothing left open. Durations are seconds. */
export interface ResolvedCookie {
  path: string;
  domain?: string;
  httpOnly: boolean;
  secure: boolean | 'auto';
  sameSite: 'strict' | 'lax' | 'none';
  partitioned: boolean;
  priority?: 'low' | 'medium' | 'high';
  maxAge: number;
}

/** Options that were checked, with every default in place. Durations are milliseconds. */
export interface ResolvedOptions {
  readonly secrets: readonly (string | Buffer)[];
  readonly name: string;
  readonly cookie: Readonly<ResolvedCookie>;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly rolling: boolean;
  readonly commitOn: CommitPolicy;
  readonly maxCookieBytes: number;
  /** Where a store keeps the values. */
  readonly storage?: ResolvedStoreOptions;
}

/** What was said of a store, with every default in place. */
export interface ResolvedStoreOptions {
  readonly store: SessionStore;
  /** Milliseconds. */
  readonly timeout: number;
  readonly onError: 'fail' | 'anonymous';
  readonly maxBytes: number;
  readonly encryptAtRest: boolean;
}

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULT_MAX_AGE = 30 * DAY_SECONDS;

/** RFC 6265, section 4.1.1: cookie-name is an RFC 7230 token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** RFC 6265, section 4.1.1: any character but controls and the semicolon; 6265bis adds the length. */
const PATH = /^\/[\u0020-\u003a\u003c-\u007e]{0,1023}$/;
const DOMAIN = /^\.?[\dA-Za-z]([\dA-Za-z-]*[\dA-Za-z])?(\.[\dA-Za-z]([\dA-Za-z-]*[\dA-Za-z])?)*$/;

const OPTION_NAMES = new Set([
  'secret',
  'name',
  'cookie',
  'idleTimeout',
  'absoluteTimeout',
  'rolling',
  'commitOn',
  'maxCookieBytes',
  'store',
  'storeTimeout',
  'onStoreError',
  'maxStoreBytes',
  'encryptAtRest',
]);
/** They say nothing without a store, and who gives one forgot the store. */
const STORE_OPTION_NAMES = [
  'storeTimeout',
  'onStoreError',
  'maxStoreBytes',
  'encryptAtRest',
] as const;
const STORE_METHODS = ['read', 'write', 'touch', 'remove'] as const;
const COOKIE_OPTION_NAMES = new Set([
  'path',
  'domain',
  'httpOnly',
  'secure',
  'sameSite',
  'partitioned',
  'priority',
  'maxAge',
]);

/**
 * Checks the options of all sessions and fills in the defaults.
 *
 * @throws SessionError `SESSION_CONFIG` naming the option, its value and what is allowed
 */
export function resolveOptions(options: SessionModuleOptions): ResolvedOptions[] {
  const list: readonly SessionOptions[] = Array.isArray(options)
    ? options
    : [options as SessionOptions];
  if (list.length === 0) refuse('options', [], 'at least one session');
  const resolved = list.map(resolveSession);
  const names = resolved.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse('name', twice, 'a name that no other session has');
  return resolved;
}

function resolveSession(options: SessionOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    // It may be a secret in the wrong place: it is not shown.
    refuse('options', HIDDEN, 'an object such as { secret, name }');
  }
  knowAll('', options, OPTION_NAMES);
  const secrets = resolveSecrets(options.secret);
  const cookie = resolveCookie(options.cookie ?? {});
  const name = options.name ?? defaultName(cookie);
  checkName(name, cookie);
  const idle = options.idleTimeout ?? (cookie.maxAge > 0 ? cookie.maxAge : DEFAULT_MAX_AGE);
  return {
    secrets,
    name,
    cookie,
    idleTimeout: resolveTimeout('idleTimeout', idle),
    absoluteTimeout:
      options.absoluteTimeout === undefined
        ? Infinity
        : resolveTimeout('absoluteTimeout', options.absoluteTimeout),
    rolling: oneOf('rolling', options.rolling ?? true, [true, false]),
    commitOn: resolveCommitOn(options.commitOn),
    maxCookieBytes: resolveBytes(
      'maxCookieBytes',
      options.maxCookieBytes ?? 4096,
      'browsers keep up to 4096',
    ),
    storage: resolveStorage(options),
  };
}

function resolveStorage(options: SessionOptions): ResolvedStoreOptions | undefined {
  const { store, onStoreError, encryptAtRest } = options;
  if (store === undefined) {
    const option = STORE_OPTION_NAMES.find((name) => options[name] !== undefined);
    if (option !== undefined) refuse(option, options[option], 'only with a store');
    return undefined;
  }
  const isStore =
    typeof store === 'object' &&
    typeof store?.atomic === 'boolean' &&
    STORE_METHODS.every((method) => typeof store[method] === 'function');
  // It may hold a password to a server: it is not shown.
  if (!isStore) refuse('store', HIDDEN, 'a SessionStore such as new RedisSessionStore(client)');
  return {
    store,
    timeout: resolveStoreTimeout(options.storeTimeout ?? 2),
    onError: oneOf('onStoreError', onStoreError ?? 'fail', ['fail', 'anonymous']),
    maxBytes: resolveBytes('maxStoreBytes', options.maxStoreBytes ?? 1024 * 1024),
    encryptAtRest: oneOf('encryptAtRest', encryptAtRest ?? true, [true, false]),
  };
}

/** Timers take no more: a longer one would end at once. */
const MAX_TIMER = 2 ** 31 - 1;

function resolveStoreTimeout(duration: Duration): number {
  const timeout = resolveTimeout('storeTimeout', duration);
  if (timeout > MAX_TIMER) refuse('storeTimeout', duration, 'a duration of up to 24 days');
  return timeout;
}

function resolveSecrets(secret: SessionOptions['secret']): (string | Buffer)[] {
  const allowed = 'a string or Buffer of 32 bytes or more, or a list of them, newest first';
  const secrets: unknown[] = Array.isArray(secret) ? Array.from<unknown>(secret) : [secret];
  if (secrets.length === 0) refuse('secret', [], allowed);
  secrets.forEach((one, i) => {
    const option = Array.isArray(secret) ? `secret[${i}]` : 'secret';
    if (typeof one !== 'string' && !Buffer.isBuffer(one)) {
      // The value itself is never shown: it may be a secret in the wrong wrapping.
      refuse(option, one === undefined || one === null ? one : HIDDEN, allowed);
    }
    if (one.length === 0) refuse(option, '', allowed);
  });
  return secrets as (string | Buffer)[];
}

/**
 * Checks cookie options and fills in the defaults: those of the module at boot, and those that
 * an application gave one session through `session.cookie`.
 */
export function resolveCookie(cookie: SessionCookieOptions): ResolvedCookie {
  if (typeof cookie !== 'object' || cookie === null) refuse('cookie', cookie, 'an object');
  knowAll('cookie.', cookie, COOKIE_OPTION_NAMES);
  const resolved: ResolvedCookie = {
    path: cookie.path ?? '/',
    domain: cookie.domain,
    httpOnly: oneOf('cookie.httpOnly', cookie.httpOnly ?? true, [true, false]),
    secure: oneOf('cookie.secure', cookie.secure ?? 'auto', ['auto', true, false]),
    sameSite: oneOf('cookie.sameSite', cookie.sameSite ?? 'lax', ['strict', 'lax', 'none']),
    partitioned: oneOf('cookie.partitioned', cookie.partitioned ?? false, [true, false]),
    priority: oneOf('cookie.priority', cookie.priority, [undefined, 'low', 'medium', 'high']),
    maxAge: toSeconds('cookie.maxAge', cookie.maxAge ?? DEFAULT_MAX_AGE),
  };
  if (typeof resolved.path !== 'string' || !PATH.test(resolved.path)) {
    refuse('cookie.path', resolved.path, 'a path that starts with / and holds no ; or control');
  }
  const { domain } = resolved;
  if (domain !== undefined && !(typeof domain === 'string' && isDomain(domain))) {
    refuse('cookie.domain', domain, 'a host name such as example.com');
  }
  if (resolved.sameSite === 'none' && resolved.secure === false) {
    refuse('cookie.sameSite', 'none', "'none' only with cookie.secure (browsers reject it else)");
  }
  if (resolved.partitioned && resolved.secure === false) {
    refuse('cookie.partitioned', true, 'true only with cookie.secure (CHIPS)');
  }
  return resolved;
}

/** RFC 1035, section 2.3.4: 253 characters at most. */
function isDomain(domain: string): boolean {
  return domain.length <= 253 && DOMAIN.test(domain);
}

/** `__Host-` binds a cookie to one host, so no neighbour can plant it (6265bis, section 4.1.3). */
function defaultName(cookie: ResolvedCookie): string {
  if (cookie.secure !== true) return 'session';
  return cookie.domain === undefined && cookie.path === '/' ? '__Host-session' : '__Secure-session';
}

/** Browsers drop a prefixed cookie that breaks the rule of its prefix, and tell nobody. */
export function checkName(name: string, cookie: ResolvedCookie): void {
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    refuse('name', name, "a cookie name: letters, digits and any of !#$%&'*+-.^_`|~");
  }
  const [prefix] = /^__(host|secure)-/i.exec(name) ?? [];
  if (prefix === undefined) return;
  if (cookie.secure !== true) {
    refuse('cookie.secure', cookie.secure, `true, as the name begins with ${prefix}`);
  }
  if (prefix.toLowerCase() !== '__host-') return;
  if (cookie.domain !== undefined) {
    refuse('cookie.domain', cookie.domain, `none, as the name begins with ${prefix}`);
  }
  if (cookie.path !== '/')
    refuse('cookie.path', cookie.path, `/, as the name begins with ${prefix}`);
}

/** Whether a name looks like a prefix that browsers would not take for one. */
export function isMisspeltPrefix(name: string): boolean {
  return /^(__(host|secure)[-_]|(host|secure)__)/i.test(name) && !/^__(Host|Secure)-/.test(name);
}

function resolveTimeout(option: string, duration: Duration): number {
  const seconds = toSeconds(option, duration);
  if (seconds <= 0) refuse(option, duration, 'a duration longer than nothing');
  return seconds * 1000;
}

/** @returns seconds, which may be broken */
function toSeconds(option: string, duration: Duration): number {
  const seconds =
    typeof duration === 'string' && duration.length > 0 && duration.length <= 100
      ? (ms(duration as StringValue) ?? NaN) / 1000
      : duration;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    refuse(option, duration, "seconds, or a duration such as '30 days' or '15m'");
  }
  return seconds;
}

function resolveCommitOn(commitOn: SessionOptions['commitOn']): CommitPolicy {
  if (commitOn === undefined) return (status) => status < 500;
  if (commitOn === 'always') return () => true;
  if (typeof commitOn !== 'function') {
    refuse('commitOn', commitOn, "'always' or (status, request) => boolean");
  }
  return commitOn;
}

function resolveBytes(option: string, bytes: number, hint?: string): number {
  if (!Number.isInteger(bytes) || bytes <= 0) {
    refuse(option, bytes, `a whole number of bytes${hint === undefined ? '' : `; ${hint}`}`);
  }
  return bytes;
}

function oneOf<T>(option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) {
    refuse(
      option,
      value,
      allowed
        .filter((one) => one !== undefined)
        .map(shown)
        .join(', '),
    );
  }
  return value;
}

function knowAll(prefix: string, options: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) {
    refuse(prefix + unknown, HIDDEN, `the options ${[...known].join(', ')}`);
  }
}

const HIDDEN = Symbol('not shown');

function refuse(option: string, value: unknown, allowed: string): never {
  const given = value === HIDDEN ? 'is not allowed' : `is ${shown(value)}`;
  throw new SessionError(
    'SESSION_CONFIG',
    `SessionModule: ${option} ${given}; allowed: ${allowed}.`,
  );
}

function shown(value: unknown): string {
  return typeof value === 'function'
    ? 'a function'
    : inspect(value, { depth: 1, breakLength: Infinity });
}
