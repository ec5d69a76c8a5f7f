import type { SessionStore, SessionStoreOperation, StoredSession } from 'nestjs-typed-session';
import { isInStore, places } from './app.js';

/** The places whose store compares and writes in one step, so that no race loses anything there. */
export const atomicPlaces = places.filter(
  (place) => isInStore(place) && /memory|Redis/.test(place),
);

/** What is done around a call of a store; `proceed` makes the call. */
export type Around = <T>(
  operation: SessionStoreOperation,
  proceed: () => Promise<T>,
) => Promise<T> | T;

/** A real store that tells what it was asked for, and that a test can delay or make fail. */
export class WatchedStore implements SessionStore {
  readonly atomic: boolean;
  /** What it was asked for since the last look, in this order. */
  readonly calls: SessionStoreOperation[] = [];
  /** Every key that it was ever asked for. */
  readonly keys = new Set<string>();
  around: Around | undefined;

  constructor(readonly store: SessionStore) {
    this.atomic = store.atomic;
  }

  read(key: string): Promise<StoredSession | undefined> {
    return this.call('read', key, () => this.store.read(key));
  }

  write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean> {
    return this.call('write', key, () => this.store.write(key, session, replaces));
  }

  touch(key: string, expiresAt: number): Promise<boolean> {
    return this.call('touch', key, () => this.store.touch(key, expiresAt));
  }

  remove(key: string, version?: string): Promise<boolean> {
    return this.call('remove', key, () => this.store.remove(key, version));
  }

  takeCalls(): SessionStoreOperation[] {
    return this.calls.splice(0);
  }

  /** What the real store holds under the keys that were asked for. */
  async entries(): Promise<StoredSession[]> {
    const entries = await Promise.all([...this.keys].map((key) => this.store.read(key)));
    return entries.filter((entry) => entry !== undefined);
  }

  /** Not `async`: what `around` throws at once, the store throws at once. */
  private call<T>(
    operation: SessionStoreOperation,
    key: string,
    proceed: () => Promise<T>,
  ): Promise<T> {
    this.calls.push(operation);
    this.keys.add(key);
    return this.around === undefined ? proceed() : (this.around(operation, proceed) as Promise<T>);
  }
}
