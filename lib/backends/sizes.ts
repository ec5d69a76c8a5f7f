import { SessionError } from '../session.errors.js';
import type { SessionRecord } from '../session/session-record.js';

/** A limit that not even an empty session fits into would fail every write. */
export function checkLimit(option: string, limit: number, least: number, name: string): void {
  if (least <= limit) return;
  throw new SessionError(
    'SESSION_CONFIG',
    `SessionModule: ${option} is ${limit}; allowed: ${least} and more, which an empty session takes under the name '${name.slice(0, 50)}'.`,
  );
}

/** The keys that take most of a session, for people to find what to leave out. */
export function largestOf(record: SessionRecord): string {
  return [...record.texts]
    .map(([key, value]) => ({ key, bytes: Buffer.byteLength(value) }))
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, 5)
    .map((value) => `${value.key} (${value.bytes} bytes)`)
    .join(', ');
}
