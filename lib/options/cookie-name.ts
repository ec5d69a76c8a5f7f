import { Logger } from '@nestjs/common';
import { refuse } from './option-checks.js';

/** What the prefix of a name asks of its cookie. */
interface NamedCookie {
  readonly secure: boolean | 'auto';
  readonly path: string;
  readonly domain?: string;
}

/** RFC 6265, section 4.1.1: cookie-name is an RFC 7230 token. */
export const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** `__Host-` binds a cookie to one host, so no neighbour can plant it (6265bis, section 4.1.3). */
export function defaultName(cookie: NamedCookie): string {
  if (cookie.secure !== true) return 'session';
  return cookie.domain === undefined && cookie.path === '/' ? '__Host-session' : '__Secure-session';
}

/** Browsers drop a prefixed cookie that breaks the rule of its prefix, and tell nobody. */
export function checkName(name: string, cookie: NamedCookie): void {
  if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
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

/** Warns of a name that looks like a prefix and that browsers would not take for one. */
export function warnOfMisspeltPrefix({ name }: { readonly name: string }): void {
  if (!/^(__(host|secure)[-_]|(host|secure)__)/i.test(name)) return;
  if (/^__(Host|Secure)-/.test(name)) return;
  new Logger('Session').warn(
    `The session name '${name}' looks like a cookie prefix and is none: browsers know __Host- and __Secure- only, spelt so.`,
  );
}
