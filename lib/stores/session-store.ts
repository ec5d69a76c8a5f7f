/** What a store keeps of one session. */
export interface StoredSession {
  /**
   * Text that the store keeps as it is: sealed, or lines of JSON with `encryptAtRest: false`. It is
   * well-formed Unicode, by default up to 1 MiB before it is sealed.
   */
  readonly text: string;
  /** Names this state of the session: 16 random characters. Each write makes new ones. */
  readonly version: string;
  /** Milliseconds since 1970, by the application's clock. From then on the session is over. */
  readonly expiresAt: number;
}

/**
 * What `read` gives for an entry that holds no session: text that is no JSON, a key of another type, a
 * missing field. The module begins an empty session and publishes the event `rejected` with the reason
 * `malformed`. A write that replaces such an entry passes the `version` of this constant.
 *
 * If the store itself fails, `read` rejects.
 */
export const UNREADABLE: StoredSession = Object.freeze({ text: '', version: '', expiresAt: 0 });

/**
 * Keeps sessions on a server, as texts with versions. To write a store, keep five rules, and run
 * `describeSessionStore` of `nestjs-typed-session/testing` on it.
 *
 * 1. **Nothing comes back by itself.** Only `write` without `replaces` makes an entry, and only if there is
 *    none under that key. So a signed-out session stays signed out.
 * 2. **A call that resolves is done**: every later read sees its effect. A call that cannot be done
 *    rejects. (A call that rejects may be done all the same, if the answer was lost. That does no harm.) An
 *    entry that does not exist is no failure.
 * 3. **Keys** are hashes, 43 characters of base64url, one for each session. Use them as they are. No text of
 *    a client reaches a store before the module has checked its seal.
 * 4. **Time**: remove entries at any time after `expiresAt`. The module checks it too, so `read` may give an
 *    expired entry. The other calls may find it or not.
 * 5. **A damaged entry** is there, and reads as `UNREADABLE`. `write` with the version of `UNREADABLE`
 *    replaces it, `remove` without a version or with that one removes it, and `touch` finds no session.
 *
 * A store needs no time limit, no retry and no cache. The module limits each call by `storeTimeout`, and
 * repeats a write that met a newer version.
 */
export interface SessionStore {
  /**
   * Whether `write` and `remove` compare and act in one step, for all processes at once. If not, two
   * processes that write to one session at the same moment can lose a change, and the module warns once.
   */
  readonly atomic: boolean;

  /** @returns `undefined` if there is no entry, `UNREADABLE` if the entry holds no session */
  read(key: string): Promise<StoredSession | undefined>;

  /**
   * Writes a session if its entry still has the version that was read.
   *
   * A client library may send a command twice if a connection breaks. If the entry already has the version
   * of this write, the write is done, and resolves with `true`.
   *
   * @param replaces the version that must be stored now; `undefined`: only if there is no entry
   * @returns whether it was written
   */
  write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean>;

  /**
   * Lets an entry live until `expiresAt`. It never shortens its life, and leaves its version.
   *
   * @returns whether there is such an entry
   */
  touch(key: string, expiresAt: number): Promise<boolean>;

  /**
   * Removes an entry.
   *
   * @param version the version that must be stored now; `undefined`: any
   * @returns whether there was such an entry
   */
  remove(key: string, version?: string): Promise<boolean>;
}
