import { randomBytes } from 'node:crypto';
import type { StoredSession } from '../../stores/session-store.js';

export const MINUTE = 60_000;

/** As the module exports it. The suite imports types of the module only. */
export const UNREADABLE: StoredSession = { text: '', version: '', expiresAt: 0 };

/** 43 characters of base64url, as the module's keys. */
export function newKey(): string {
  return randomBytes(32).toString('base64url');
}

/** 16 characters. */
export function newVersion(): string {
  return randomBytes(12).toString('base64url');
}

/** A session that lives for a minute, unless told otherwise. */
export function newSession(session: Partial<StoredSession> = {}): StoredSession {
  return {
    text: `text ${newVersion()}`,
    version: newVersion(),
    expiresAt: Date.now() + MINUTE,
    ...session,
  };
}
