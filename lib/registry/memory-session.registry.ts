import { Logger } from '@nestjs/common';
import type { RegisteredSession, SessionRegistry } from './session-registry.js';
import { currentTime } from '../session.clock.js';

const SWEEP_MILLISECONDS = 60_000;

let warned = false;

/**
 * Keeps in this process who is signed in where: for development, for tests, and for one process whose
 * restart may sign everybody out. Under `NODE_ENV=production` it says so once in the log.
 */
export class MemorySessionRegistry implements SessionRegistry {
  /** By owner and `ref`. Private to the language, so that no log shows it. */
  readonly #owners = new Map<string, Map<string, RegisteredSession>>();
  private nextSweep = 0;

  constructor() {
    warnInProduction();
  }

  add(owner: string, session: RegisteredSession): void {
    this.sweep();
    let sessions = this.#owners.get(owner);
    if (sessions === undefined)
      this.#owners.set(owner, (sessions = new Map<string, RegisteredSession>()));
    sessions.set(session.ref, session);
  }

  find(owner: string, ref: string): RegisteredSession | undefined {
    const session = this.#owners.get(owner)?.get(ref);
    return session !== undefined && session.keepUntil > currentTime() ? session : undefined;
  }

  replace(owner: string, session: RegisteredSession, key: string): boolean {
    const stored = this.find(owner, session.ref);
    if (stored === undefined) return false;
    if (stored.key !== key && stored.key !== session.key) return false;
    this.#owners.get(owner)!.set(session.ref, session);
    return true;
  }

  list(owner: string): RegisteredSession[] {
    const now = currentTime();
    const sessions = [...(this.#owners.get(owner)?.values() ?? [])];
    return sessions.filter(({ keepUntil }) => keepUntil > now);
  }

  remove(owner: string, ref: string): RegisteredSession | undefined {
    const removed = this.find(owner, ref);
    const sessions = this.#owners.get(owner);
    sessions?.delete(ref);
    if (sessions?.size === 0) this.#owners.delete(owner);
    return removed;
  }

  removeAll(owner: string, except?: string): RegisteredSession[] {
    const removed = this.list(owner).filter(({ ref }) => ref !== except);
    const kept = except === undefined ? undefined : this.find(owner, except);
    this.#owners.delete(owner);
    if (kept !== undefined) this.add(owner, kept);
    return removed;
  }

  /** Without a timer, which would keep a process alive; and not at each sign-in, for it looks at all. */
  private sweep(): void {
    const now = currentTime();
    if (now < this.nextSweep) return;
    this.nextSweep = now + SWEEP_MILLISECONDS;
    for (const [owner, sessions] of this.#owners) {
      for (const [ref, { keepUntil }] of sessions) if (keepUntil <= now) sessions.delete(ref);
      if (sessions.size === 0) this.#owners.delete(owner);
    }
  }
}

function warnInProduction(): void {
  if (warned || process.env.NODE_ENV !== 'production') return;
  warned = true;
  new Logger('Session').warn(
    'MemorySessionRegistry keeps in this process who is signed in: a restart signs everybody out, and ' +
      'other processes do not know it. In production use RedisSessionRegistry or another shared one.',
  );
}
