import { setTimeout as delay } from 'node:timers/promises';
import type { SessionStore, StoredSession } from 'nestjs-typed-session';

/** A real store that is far away: each call takes so many milliseconds more. */
export class SlowStore implements SessionStore {
  readonly atomic: boolean;

  constructor(
    private readonly store: SessionStore,
    public milliseconds: number,
  ) {
    this.atomic = store.atomic;
  }

  async read(key: string): Promise<StoredSession | undefined> {
    await delay(this.milliseconds);
    return this.store.read(key);
  }

  async write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean> {
    await delay(this.milliseconds);
    return this.store.write(key, session, replaces);
  }

  async touch(key: string, expiresAt: number): Promise<boolean> {
    await delay(this.milliseconds);
    return this.store.touch(key, expiresAt);
  }

  async remove(key: string, version?: string): Promise<boolean> {
    await delay(this.milliseconds);
    return this.store.remove(key, version);
  }
}
