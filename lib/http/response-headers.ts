import type { ServerResponse } from 'node:http';

/** Adds a `Set-Cookie` beside those that others set, in the place of one of the same name. */
export function appendSetCookie(response: ServerResponse, name: string, cookie: string): void {
  const others = headerLines(response, 'set-cookie').filter((line) => !line.startsWith(`${name}=`));
  response.setHeader('Set-Cookie', [...others, cookie]);
}

/** Takes back what was to be set under a name. */
export function removeSetCookie(response: ServerResponse, name: string): void {
  const lines = headerLines(response, 'set-cookie');
  const others = lines.filter((line) => !line.startsWith(`${name}=`));
  if (others.length === lines.length) return;
  if (others.length === 0) response.removeHeader('Set-Cookie');
  else response.setHeader('Set-Cookie', others);
}

/** Takes back some `Set-Cookie` lines and adds others, whatever their names. */
export function replaceSetCookies(
  response: ServerResponse,
  old: readonly string[],
  lines: readonly string[],
): void {
  if (old.length === 0 && lines.length === 0) return;
  const others = headerLines(response, 'set-cookie').filter((line) => !old.includes(line));
  if (others.length + lines.length === 0) response.removeHeader('Set-Cookie');
  else response.setHeader('Set-Cookie', [...others, ...lines]);
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
