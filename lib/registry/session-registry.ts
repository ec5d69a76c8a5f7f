/** What a registry keeps of one session that somebody has signed in with. */
export interface RegisteredSession {
  /** Names it among those of its owner: 22 characters. It stays when the session gets a new id. */
  readonly ref: string;
  /** Stands for its id, and is not the id: up to 43 characters without white space. */
  readonly key: string;
  /** Stands for its id in events. */
  readonly idHash: string;
  /** Milliseconds since 1970, by the application's clock, as are all times here. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  /** From then on it may be removed: later than `expiresAt`, since not every use is told. */
  readonly keepUntil: number;
  /** What its owner is shown of it: up to 256 characters of any kind. */
  readonly label?: string;
}

/** An answer, now or later. */
export type Answer<T> = T | Promise<T>;

/**
 * Who is signed in where. It knows the sessions that have an owner, wherever they are kept; one that it
 * does not know is not accepted. To write one, keep five rules, and run `describeSessionRegistry` of
 * `nestjs-typed-session/testing` on it.
 *
 * 1. **Nothing comes back by itself.** Only `add` makes an entry. `replace` never does.
 * 2. **`removeAll` leaves nothing behind.** Once it has resolved, no entry of that owner is found but
 *    the one that was to stay and those whose `add` was called afterwards, whatever other processes do
 *    at the same moment.
 * 3. **A call that resolves has happened**, for all who ask afterwards; one that cannot happen rejects.
 *    A registry that has lost its data knows no session, and says so.
 * 4. **Owners** are 43 characters of base64url, and already a hash: use them as they are.
 * 5. **Time**: remove entries after `keepUntil`, at any time. Whoever asks checks it too.
 *
 * A registry that needs no connection may answer without a promise. There is no need for a time limit
 * (`storeTimeout`) or for a cache (`registryCache`).
 */
export interface SessionRegistry {
  /** Adds a session, in the place of one with the same `ref`. */
  add(owner: string, session: RegisteredSession): Answer<void>;
  /** @returns `undefined` where the owner has none of that `ref` */
  find(owner: string, ref: string): Answer<RegisteredSession | undefined>;
  /**
   * Replaces the entry with the same `ref`, if it has the key that was read. A client may send a command
   * twice: an entry that has the new key already is replaced as well.
   *
   * @param key that the entry must have now
   * @returns whether it was replaced
   */
  replace(owner: string, session: RegisteredSession, key: string): Answer<boolean>;
  /** @returns all sessions of an owner, in any order */
  list(owner: string): Answer<RegisteredSession[]>;
  /** @returns what was removed; `undefined` where the owner has none of that `ref` */
  remove(owner: string, ref: string): Answer<RegisteredSession | undefined>;
  /**
   * Removes all sessions of an owner, in one step.
   *
   * @param except the `ref` of one that stays
   * @returns what was removed
   */
  removeAll(owner: string, except?: string): Answer<RegisteredSession[]>;
}
