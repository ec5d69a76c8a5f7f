import type { ServerResponse } from 'node:http';

/** Adds lines of a name to `Set-Cookie`, beside those of others, in the place of any of that name. */
export function appendSetCookie(
  response: ServerResponse,
  name: string,
  lines: readonly string[],
): void {
  const others = headerLines(response, 'set-cookie').filter((line) => !line.startsWith(`${name}=`));
  response.setHeader('Set-Cookie', [...others, ...lines]);
}

/** Whether a `Set-Cookie` of this name takes the cookie away from the browser. */
export function deletesCookie(response: ServerResponse, name: string): boolean {
  return headerLines(response, 'set-cookie').some(
    (line) => line.startsWith(`${name}=`) && isPast(line),
  );
}

/** Whether a cookie is over as it is set; `Max-Age` goes before `Expires` (RFC 6265, section 5.3). */
function isPast(line: string): boolean {
  const maxAge = /;\s*max-age\s*=\s*(-?\d+)/i.exec(line);
  if (maxAge !== null) return Number(maxAge[1]) <= 0;
  const expires = /;\s*expires\s*=\s*([^;]*)/i.exec(line);
  return expires !== null && Date.parse(expires[1]) <= Date.now();
}

/** Adds lines to `Set-Cookie`, whatever their names. */
export function addSetCookies(response: ServerResponse, lines: readonly string[]): void {
  response.setHeader('Set-Cookie', [...headerLines(response, 'set-cookie'), ...lines]);
}

/** Tells caches that the answer depends on the cookie (RFC 9110, section 12.5.5). */
export function varyByCookie(response: ServerResponse): void {
  const fields = listOf(headerLines(response, 'vary'));
  if (fields.some((field) => field === '*' || field.toLowerCase() === 'cookie')) return;
  response.setHeader('Vary', [...fields, 'Cookie'].join(', '));
}

/**
 * Keeps a response that sets the cookie out of every shared cache: what one user's session was
 * answered must not be handed to another (CVE-2025-48947). An application's own `private` or
 * `no-store` stands; `public` and `s-maxage` never stay.
 */
export function forbidSharedCaching(response: ServerResponse): void {
  const directives = listOf(headerLines(response, 'cache-control'));
  const kept = directives.filter((directive) => !/^(public|s-maxage)\b/i.test(directive));
  // `private="field"` restricts a field only.
  const isPrivate = kept.some((directive) => /^(private|no-store)$/i.test(directive));
  response.setHeader('Cache-Control', isPrivate ? kept.join(', ') : 'no-store');
}

function headerLines(response: ServerResponse, name: string): string[] {
  const value = response.getHeader(name);
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [String(value)];
}

/** The members of a comma-separated header. A comma between quotes separates nothing. */
function listOf(lines: string[]): string[] {
  if (lines.length === 0) return lines;
  return (lines.join(',').match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? [])
    .map((member) => member.trim())
    .filter((member) => member !== '');
}
