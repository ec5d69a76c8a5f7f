import {
  ADOPT_OPTION_NAMES,
  resolveAdoption,
  type ResolvedAdoptOptions,
  type SessionAdoptOptions,
} from './adopt.options.js';
import { checkName, COOKIE_NAME, defaultName } from './cookie-name.js';
import { type Duration, toSeconds, toTimeout } from './duration.js';
import { HIDDEN, knowAll, oneOf, refuse, wholeBytes } from './option-checks.js';
import {
  refuseExchange,
  type ResolvedSecretSource,
  resolveSecrets,
  resolveSecretSource,
  type SecretSource,
  type SessionSecret,
} from './secret.options.js';
import {
  REGISTRY_OPTION_NAMES,
  resolveRegistry,
  type ResolvedRegistryOptions,
  type SessionRegistryOptions,
} from './registry.options.js';
import {
  resolveStorage,
  type ResolvedStoreOptions,
  type SessionStoreOptions,
  STORE_OPTION_NAMES,
} from './store.options.js';
import {
  resolveValueRules,
  type SessionLimits,
  type SessionTransformOptions,
} from './value.options.js';
import type { ValueRules } from '../values/value-rules.js';

/** Attributes of the cookie (RFC 6265bis, section 4.1.2). */
export interface SessionCookieOptions {
  /** Default `/`. */
  path?: string;
  /** Default none: browsers send the cookie to this host only, not to its subdomains. */
  domain?: string;
  /** Whether scripts in the page cannot read the cookie. Default `true`. */
  httpOnly?: boolean;
  /**
   * Whether browsers send the cookie over TLS only. Default `'auto'`: if the request came over TLS, as
   * the socket or the adapter's trusted-proxy setting says. With `true`, a response over a plain
   * connection sets no cookie, with one warning.
   */
  secure?: boolean | 'auto';
  /** Default `'lax'`. `'none'` needs `secure`, and on a plain connection falls back on `'lax'`. */
  sameSite?: 'strict' | 'lax' | 'none';
  /** Whether browsers keep a cookie for each top-level site (CHIPS). Default `false`; needs `secure`. */
  partitioned?: boolean;
  /** Chromium removes cookies of low priority first. Default none. */
  priority?: 'low' | 'medium' | 'high';
  /**
   * How long a browser keeps the cookie. Default `'30 days'`. `0`: no `Max-Age`, until the browser is
   * closed. Negative: the session is deleted on commit, as in gorilla/sessions.
   */
  maxAge?: Duration;
}

/** Decides whether changes are kept, by the status of the response and the request of the adapter. */
export type CommitPolicy = (status: number, request: unknown) => boolean;

/** The options of one session: `SessionModule.forRoot(options)`. Only `secret` is required. */
export interface SessionOptions
  extends SessionStoreOptions, SessionRegistryOptions, SessionAdoptOptions {
  /**
   * The secret that seals, of 32 bytes or more. Of a list, the first one seals and all of them open
   * (rotation). A shorter secret, or a well-known placeholder, is an error under `NODE_ENV=production` and
   * a warning elsewhere. A function asks a key service: if it fails at boot, the application does not
   * start; if it fails later, the last secrets stay and the event `secret-failed` is published.
   */
  secret: SessionSecret | SecretSource;
  /** How often the module asks a function `secret` again. Default `'5 minutes'`. */
  secretRefresh?: Duration;
  /** Name of the cookie, an RFC 6265 token. Default `session`; with `secure: true` `__Host-session`. */
  name?: string;
  /** The attributes of the cookie. */
  cookie?: SessionCookieOptions;
  /** How long the server accepts a session that nobody uses. Default `cookie.maxAge`, or 30 days. */
  idleTimeout?: Duration;
  /** The longest that a session lives, however active. Default none. */
  absoluteTimeout?: Duration;
  /** Whether each use renews the idle time. Default `true`. */
  rolling?: boolean;
  /** The statuses whose changes the module keeps. Default: all below 500. */
  commitOn?: 'always' | CommitPolicy;
  /** Bytes of name and value together, as browsers count them. Default `4096`. */
  maxCookieBytes?: number;
  /**
   * Whether `request.session` is this session. Default `true`; `false` leaves it to another library,
   * such as express-session. With several sessions, the option of the first one counts.
   */
  requestSession?: boolean;
  /**
   * The key under which a CSRF library keeps its secret in the session, such as `csrfSecret`.
   * `regenerate` replaces the value of that key. Default none.
   */
  csrfKey?: string;
  /** How much one value may hold. */
  limits?: SessionLimits;
  /** The groups and the version for class-transformer's decorators. Default none. */
  classTransformer?: SessionTransformOptions;
}

/** The options of one session, or of several: the first is the default session. */
export type SessionModuleOptions = SessionOptions | readonly SessionOptions[];

/** For `SessionModule.forRootAsync({ useClass })` and `useExisting`. */
export interface SessionOptionsFactory {
  /** Called once, when the application boots. */
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
  /** Not enumerable: a copy of the options has none. */
  readonly secrets: readonly (string | Buffer)[];
  /** What gives them, where a function does. Not enumerable either. */
  readonly secretSource?: ResolvedSecretSource;
  readonly name: string;
  readonly cookie: Readonly<ResolvedCookie>;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly rolling: boolean;
  readonly commitOn: CommitPolicy;
  readonly maxCookieBytes: number;
  readonly requestSession: boolean;
  /** Where a store keeps the values. */
  readonly storage?: ResolvedStoreOptions;
  /** Where the signed-in sessions are known. */
  readonly registration?: ResolvedRegistryOptions;
  readonly csrfKey?: string;
  /** Where sessions of another library are adopted. */
  readonly adoption?: ResolvedAdoptOptions;
  /** How values are read and written. */
  readonly rules: ValueRules;
}

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULT_MAX_AGE = 30 * DAY_SECONDS;

/** RFC 6265, section 4.1.1: any character but controls and the semicolon; 6265bis adds the length. */
const PATH = /^\/[\u0020-\u003a\u003c-\u007e]{0,1023}$/;
const DOMAIN = /^\.?[\dA-Za-z]([\dA-Za-z-]*[\dA-Za-z])?(\.[\dA-Za-z]([\dA-Za-z-]*[\dA-Za-z])?)*$/;

const OPTION_NAMES = new Set<string>([
  'secret',
  'name',
  'cookie',
  'idleTimeout',
  'absoluteTimeout',
  'rolling',
  'commitOn',
  'maxCookieBytes',
  'requestSession',
  ...STORE_OPTION_NAMES,
  ...REGISTRY_OPTION_NAMES,
  ...ADOPT_OPTION_NAMES,
  'secretRefresh',
  'csrfKey',
  'limits',
  'classTransformer',
]);
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
  refuseExchange(name, secrets, COOKIE_NAME);
  checkName(name, cookie);
  const idle = options.idleTimeout ?? (cookie.maxAge > 0 ? cookie.maxAge : DEFAULT_MAX_AGE);
  const resolved = {
    name,
    cookie,
    idleTimeout: toTimeout('idleTimeout', idle),
    absoluteTimeout:
      options.absoluteTimeout === undefined
        ? Infinity
        : toTimeout('absoluteTimeout', options.absoluteTimeout),
    rolling: oneOf('rolling', options.rolling ?? true, [true, false]),
    commitOn: resolveCommitOn(options.commitOn),
    maxCookieBytes: wholeBytes(
      'maxCookieBytes',
      options.maxCookieBytes ?? 4096,
      'browsers keep up to 4096',
    ),
    requestSession: oneOf('requestSession', options.requestSession ?? true, [true, false]),
    storage: resolveStorage(options),
    registration: resolveRegistry(options),
    csrfKey: resolveCsrfKey(options.csrfKey),
    adoption: resolveAdoption(options, { name, path: cookie.path, domain: cookie.domain }),
    rules: resolveValueRules(options.limits, options.classTransformer),
  };
  // Not enumerable, so that no log shows them.
  return Object.defineProperties(resolved as ResolvedOptions, {
    secrets: { value: secrets },
    secretSource: { value: resolveSecretSource(options, options.secretRefresh) },
  });
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

function resolveCsrfKey(key: string | undefined): string | undefined {
  if (key === undefined || (typeof key === 'string' && key.length > 0)) return key;
  return refuse('csrfKey', key, "a key of the session's values, such as 'csrfSecret'");
}

function resolveCommitOn(commitOn: SessionOptions['commitOn']): CommitPolicy {
  if (commitOn === undefined) return (status) => status < 500;
  if (commitOn === 'always') return () => true;
  if (typeof commitOn !== 'function') {
    refuse('commitOn', commitOn, "'always' or (status, request) => boolean");
  }
  return commitOn;
}
