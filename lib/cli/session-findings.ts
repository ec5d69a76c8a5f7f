import type { ResolvedOptions } from '../options/session.options.js';
import { weaknessOf } from '../seal/secret.js';
import type { Finding } from './finding.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What OWASP ASVS asks for (4.0.3, 3.3.2; 5.0, 7.3.1 and 7.3.2 leave the numbers to a risk analysis). */
const LEVELS = {
  1: { idle: 30 * DAY, absolute: 30 * DAY, text: '30 days' },
  2: { idle: 30 * MINUTE, absolute: 12 * HOUR, text: '12 hours, or 30 minutes idle' },
  3: { idle: 15 * MINUTE, absolute: 12 * HOUR, text: '12 hours, or 15 minutes idle' },
} as const;

export type AsvsLevel = keyof typeof LEVELS;

/** Whether the adapter trusts a proxy; `undefined` where nobody can see it. */
export type ProxyTrust = boolean | undefined;

/** What is weak in the options of one session, as in production. */
export function findingsIn(
  options: ResolvedOptions,
  trust: ProxyTrust,
  level: AsvsLevel,
): Finding[] {
  const session = options.name;
  return [
    ...secretFindings(options),
    ...cookieFindings(options, trust),
    ...storeFindings(options),
    ...timeoutFindings(options, level),
  ].map((finding) => ({ ...finding, session }));
}

function secretFindings({ secrets }: ResolvedOptions): Finding[] {
  return secrets.flatMap((secret, i): Finding[] => {
    const fault = weaknessOf(secret);
    if (fault === undefined) return [];
    const which = secrets.length > 1 ? `secret ${i + 1} of ${secrets.length}` : 'the secret';
    const message = `${which} is ${fault}: in production the application does not boot with it. This makes one: npx nestjs-typed-session keygen`;
    return [{ id: 'secret', message }];
  });
}

function cookieFindings({ cookie }: ResolvedOptions, trust: ProxyTrust): Finding[] {
  const findings: Finding[] = [];
  const fix =
    "trust the proxy that ends TLS: app.set('trust proxy', 1) on Express, new FastifyAdapter({ trustProxy: 1 }) on Fastify";
  if (cookie.secure === false) {
    const message =
      "cookie.secure is false: browsers send the session over plain HTTP too. Leave it at 'auto', or set it to true";
    findings.push({ id: 'secure', message });
  } else if (trust === false) {
    const message =
      cookie.secure === true
        ? `cookie.secure is true and no proxy is trusted: behind a proxy that ends TLS no cookie is sent at all; ${fix}`
        : `cookie.secure is 'auto' and no proxy is trusted: behind a proxy that ends TLS the cookie goes out without Secure; ${fix}`;
    findings.push({ id: 'proxy', message });
  }
  if (!cookie.httpOnly) {
    const message = 'cookie.httpOnly is false: a script that was injected can read the cookie';
    findings.push({ id: 'http-only', message });
  }
  return findings;
}

function storeFindings({ storage }: ResolvedOptions): Finding[] {
  // By its name: it may be of another copy of this package.
  if (storage?.store.constructor.name !== 'MemorySessionStore') return [];
  const message =
    'MemorySessionStore keeps the sessions in one process: a restart loses them, and other processes do not see them. Use RedisSessionStore or another shared store';
  return [{ id: 'memory-store', message }];
}

function timeoutFindings(options: ResolvedOptions, level: AsvsLevel): Finding[] {
  const { idleTimeout, absoluteTimeout, rolling } = options;
  const { idle, absolute, text } = LEVELS[level];
  const asvs = `OWASP ASVS level ${level} asks to sign in again after ${text}`;
  const findings: Finding[] = [];
  if (idleTimeout > idle) {
    const message = `idleTimeout is ${inWords(idleTimeout)}: ${asvs}`;
    findings.push({ id: 'idle-timeout', message });
  }
  const longest = rolling ? absoluteTimeout : Math.min(absoluteTimeout, idleTimeout);
  if (longest > absolute) {
    const now = longest === Infinity ? 'is not set' : `is ${inWords(longest)}`;
    const message = `absoluteTimeout ${now}: ${asvs}, however active the user is`;
    findings.push({ id: 'absolute-timeout', message });
  }
  return findings;
}

function inWords(milliseconds: number): string {
  const [unit, text] =
    milliseconds >= DAY
      ? [DAY, 'days']
      : milliseconds >= HOUR
        ? [HOUR, 'hours']
        : [MINUTE, 'minutes'];
  return `${Math.round((milliseconds / unit) * 10) / 10} ${text}`;
}
