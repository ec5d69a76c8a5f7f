import { stringifySetCookie } from 'cookie';
import type { ResolvedCookie } from '../options/session.options.js';

/** The attributes of a `Set-Cookie` line but for the age, spelt by the `cookie` package. */
export function attributesOf(cookie: Readonly<ResolvedCookie>, isSecure: boolean): string {
  const { path, domain, httpOnly, sameSite, partitioned, priority } = cookie;
  const line = stringifySetCookie('_', '', {
    path,
    domain,
    httpOnly,
    secure: isSecure,
    // Browsers reject SameSite=None and Partitioned without Secure, and the cookie with them.
    sameSite: sameSite === 'none' && !isSecure ? 'lax' : sameSite,
    partitioned: partitioned && isSecure,
    priority,
  });
  return line.slice('_='.length);
}
