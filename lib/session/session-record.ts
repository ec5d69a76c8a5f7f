/**
 * What is kept of a session, and its text form: a line of metadata, then a line per key.
 *
 * ```
 * ["id",createdAt,sentAt,expiresAt,{"maxAge":7776000},[authenticatedAt,"owner","ref","label"]]
 * "user":{"@User":{"name":"Peter"}}
 * "_flash":["welcome!"]
 * ```
 *
 * Times are milliseconds since 1970, all of one width: renewing a session does not make it longer.
 * The fifth member stands there only if the session has cookie options of its own, the sixth only if
 * somebody has signed in (then the fifth may be `null`). JSON text holds no
 * raw line break, so lines need neither lengths nor escapes, and the text of a key can be copied
 * without being read.
 */
import type { SessionCookieOptions } from '../options/session.options.js';
import { formatSignIn, parseSignIn, type SignIn } from './sign-in.js';

export interface SessionRecord {
  readonly id: string;
  readonly createdAt: number;
  /** When the client was last sent this session. */
  readonly sentAt: number;
  /** From when on the server no longer accepts it. */
  readonly expiresAt: number;
  /** Where this session departs from the cookie options of the module. */
  readonly cookie?: SessionCookieOptions;
  /** Who is signed in. */
  readonly signIn?: SignIn;
  /** The text of each key's value. */
  readonly texts: ReadonlyMap<string, string>;
}

export function formatRecord(record: SessionRecord): string {
  const { id, createdAt, sentAt, expiresAt, cookie, signIn } = record;
  let own = cookie === undefined ? '' : `,${JSON.stringify(cookie)}`;
  if (signIn !== undefined) own = `${own || ',null'},${formatSignIn(signIn)}`;
  // The id is base64url: nothing in it needs an escape.
  let text = `["${id}",${createdAt},${sentAt},${expiresAt}${own}]`;
  for (const [key, value] of record.texts) text += `\n${JSON.stringify(key)}:${value}`;
  return text;
}

/** @returns `undefined` if the text is not of this form (of another version, say); never throws */
export function parseRecord(text: string): SessionRecord | undefined {
  const [head, ...lines] = text.split('\n');
  try {
    const [id, createdAt, sentAt, expiresAt, cookie, signIn] = JSON.parse(head) as unknown[];
    if (typeof id !== 'string') return undefined;
    if (!isWhole(createdAt) || !isWhole(sentAt) || !isWhole(expiresAt)) return undefined;
    const texts = new Map<string, string>();
    for (const line of lines) {
      const end = keyEnd(line);
      if (!line.startsWith('"') || line[end] !== ':') return undefined;
      texts.set(keyOf(line.slice(0, end)), line.slice(end + 1));
    }
    return {
      id,
      createdAt,
      sentAt,
      expiresAt,
      cookie: (cookie as SessionCookieOptions | null | undefined) ?? undefined,
      signIn: parseSignIn(signIn),
      texts,
    };
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/** Where the key of a line ends: behind the first quote that no backslash escapes. */
function keyEnd(line: string): number {
  let quote = line.indexOf('"', 1);
  while (isEscaped(line, quote)) quote = line.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(line: string, quote: number): boolean {
  let backslashes = 0;
  while (line[quote - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function keyOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}
