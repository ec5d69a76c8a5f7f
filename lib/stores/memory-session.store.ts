import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { SessionError } from '../session.errors.js';
import type { SessionStore, StoredSession } from './session-store.js';
import { currentTime } from '../session.clock.js';

/** Options of `MemorySessionStore`. */
export interface MemorySessionStoreOptions {
  /**
   * The largest number of sessions. Beyond it the store removes the session that nobody used for the
   * longest time. Default 10,000.
   */
  maxSessions?: number;
}

const SWEEP_MILLISECONDS = 10_000;

let warned = false;

/**
 * Keeps sessions in this process: for development, for tests, and for one process whose restart may
 * sign everybody out. Under `NODE_ENV=production` it says so once in the log.
 */
export class MemorySessionStore implements SessionStore {
  readonly atomic = true;

  /** The least recently used first: a Map keeps the order in which keys were added. */
  private readonly entries = new Map<string, StoredSession>();
  private readonly maxSessions: number;
  private nextSweep = 0;

  /** @throws SessionError `SESSION_CONFIG` if `maxSessions` is no positive integer */
  constructor({ maxSessions = 10_000 }: MemorySessionStoreOptions = {}) {
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw new SessionError(
        'SESSION_CONFIG',
        `maxSessions is ${inspect(maxSessions)}; allowed is a positive integer`,
      );
    }
    this.maxSessions = maxSessions;
    warnInProduction();
  }

  async read(key: string): Promise<StoredSession | undefined> {
    const stored = this.find(key);
    if (stored === undefined) return undefined;
    this.keep(key, stored);
    return { ...stored };
  }

  async write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean> {
    const stored = this.find(key);
    if (stored?.version === session.version) return true;
    if (stored?.version !== replaces) return false;
    const { text, version, expiresAt } = session;
    this.keep(key, { text, version, expiresAt });
    this.sweep();
    this.evict();
    return true;
  }

  async touch(key: string, expiresAt: number): Promise<boolean> {
    const stored = this.find(key);
    if (stored === undefined) return false;
    this.keep(key, { ...stored, expiresAt: Math.max(stored.expiresAt, expiresAt) });
    return true;
  }

  async remove(key: string, version?: string): Promise<boolean> {
    const stored = this.find(key);
    if (stored === undefined) return false;
    if (version !== undefined && version !== stored.version) return false;
    return this.entries.delete(key);
  }

  private find(key: string): StoredSession | undefined {
    const stored = this.entries.get(key);
    if (stored === undefined || stored.expiresAt > currentTime()) return stored;
    this.entries.delete(key);
    return undefined;
  }

  private keep(key: string, session: StoredSession): void {
    this.entries.delete(key);
    this.entries.set(key, session);
  }

  /** Without a timer, which would keep a process alive; and not at each write, for it looks at all. */
  private sweep(): void {
    const now = currentTime();
    if (now < this.nextSweep) return;
    this.nextSweep = now + SWEEP_MILLISECONDS;
    for (const [key, { expiresAt }] of this.entries) {
      if (expiresAt <= now) this.entries.delete(key);
    }
  }

  private evict(): void {
    if (this.entries.size <= this.maxSessions) return;
    const [leastRecentlyUsed] = this.entries.keys();
    this.entries.delete(leastRecentlyUsed);
  }
}

function warnInProduction(): void {
  if (warned || process.env.NODE_ENV !== 'production') return;
  warned = true;
  new Logger('Session').warn(
    'MemorySessionStore keeps the sessions in this process: a restart loses them, and other ' +
      'processes do not see them. In production use RedisSessionStore or another shared store.',
  );
}
