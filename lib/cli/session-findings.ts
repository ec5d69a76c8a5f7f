import type { ResolvedOptions } from '../options/session.options.js';
import { weaknessOf } from '../seal/secret.js';
import type { Finding } from './finding.js';
import { processFindings } from './process-findings.js';
import type { ProxyTrust } from './proxy-trust.js';

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

/** How much later than at once an ended session may end in another process. */
const LONG_CACHE = MINUTE;
/** What a sign-out does not reach. */
const SIGN_OUT_PAGE =
  'https://github.com/nestjs-typed-session/nestjs-typed-session/blob/main/docs/sign-in-and-out.md#what-a-sign-out-reaches';

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
    ...processFindings(options),
    ...registryFindings(options),
    ...timeoutFindings(options, level),
  ].map((finding) => ({ ...finding, session }));
}

/** What is no fault of one session, and good to know. */
export function notesOn({ name, storage, registration }: ResolvedOptions): string[] {
  if (storage !== undefined || registration !== undefined) return [];
  return [
    `Session '${name}' is in its cookie and has no registry: a copy of the cookie stays valid after a sign-out, until it expires. ${SIGN_OUT_PAGE}`,
  ];
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
    "trust the proxy that ends TLS: app.set('trust proxy', 1) on Express, new FastifyAdapter({ trustProxy: true }) on Fastify";
  if (cookie.secure === false) {
    const message =
      "cookie.secure is false: browsers send the session over plain HTTP too. Leave it at 'auto', or set it to true";
    findings.push({ id: 'secure', message });
  } else if (trust === 'none') {
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

function registryFindings({ registration }: ResolvedOptions): Finding[] {
  const cache = registration?.cache ?? 0;
  if (cache <= LONG_CACHE) return [];
  const message = `registryCache is ${inWords(cache)}: a session that another process has ended is accepted for so much longer. A few seconds spare the registry most of its calls`;
  return [{ id: 'registry-cache', message }];
}

function timeoutFindings(options: ResolvedOptions, level: AsvsLevel): Finding[] {
  const { idleTimeout, absoluteTimeout, rolling, registration } = options;
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
    const kept =
      registration === undefined
        ? ''
        : '. The registry knows a session as long as somebody uses it';
    const message = `absoluteTimeout ${now}: ${asvs}, however active the user is${kept}`;
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
