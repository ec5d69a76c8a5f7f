import type { SessionStoreOperation } from '../session.events.js';
import { hashOf } from '../seal/secret.js';
import type { SessionStore } from '../stores/session-store.js';
import { Recent } from './recent.js';

/** Remembers which sessions of other libraries were ended here, by their fingerprints. */
export interface EndedSessions {
  /** @param until milliseconds since 1970, from when on it may be forgotten */
  add(fingerprint: string, until: number): Promise<void>;
  has(fingerprint: string): Promise<boolean>;
}

/** How many are remembered without a store: together about a megabyte. */
const REMEMBERED = 10_000;

/** Remembers them in this process alone, where no store is there to ask. */
export class EndedHere implements EndedSessions {
  private readonly ended = new Recent<string>(REMEMBERED);

  async add(fingerprint: string): Promise<void> {
    this.ended.set(fingerprint, fingerprint);
  }

  async has(fingerprint: string): Promise<boolean> {
    return this.ended.get(fingerprint) !== undefined;
  }
}

/** A call of the store, bounded in time. @throws SessionError `SESSION_STORE` */
type Call = <T>(
  operation: SessionStoreOperation,
  id: string,
  call: (store: SessionStore) => Promise<T>,
) => Promise<T>;

/** What such an entry holds. No session has its key, so nobody takes it for one. */
const MARK = 'ended';

/** Remembers them in the store, which all processes share. */
export class EndedInStore implements EndedSessions {
  /** @param hashKey under which keys of the store are made */
  constructor(
    private readonly call: Call,
    private readonly hashKey: string,
  ) {}

  async add(fingerprint: string, expiresAt: number): Promise<void> {
    const stored = { text: MARK, version: MARK, expiresAt };
    await this.call('write', fingerprint, (store) =>
      store.write(this.keyOf(fingerprint), stored, undefined),
    );
  }

  async has(fingerprint: string): Promise<boolean> {
    const key = this.keyOf(fingerprint);
    return (await this.call('read', fingerprint, (store) => store.read(key))) !== undefined;
  }

  private keyOf(fingerprint: string): string {
    return hashOf(`${this.hashKey}/ended`, fingerprint);
  }
}
