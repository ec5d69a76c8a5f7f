/** What a store keeps of one session. */
export interface StoredSession {
  /**
   * Opaque to the store: sealed, or JSON lines where the application said `encryptAtRest: false`.
   * Well-formed Unicode, up to a mebibyte of it by default, and more when sealed.
   */
  readonly text: string;
  /** Names this state of the session: 16 random characters, made by whoever writes. */
  readonly version: string;
  /** Milliseconds since 1970, by the application's clock. From then on the session is over. */
  readonly expiresAt: number;
}

/**
 * What `read` gives for an entry that is there but holds no session: text that is no JSON, a key of
 * another type, a missing field. The module begins an empty session and reports the event `rejected`
 * with the reason `malformed`. Its `version` is the one that replaces such an entry.
 *
 * An entry that cannot be read is not a store that fails: a store that fails rejects.
 */
export const UNREADABLE: StoredSession = Object.freeze({ text: '', version: '', expiresAt: 0 });

/**
 * Where sessions are kept on a server. It knows text and versions, not sessions: to write one, keep
 * five rules, and run `describeSessionStore` of `nestjs-typed-session/testing` on it.
 *
 * 1. **Nothing comes back by itself.** Only `write` without a version may make an entry, and only
 *    where there is none. That is what keeps a signed-out session signed out.
 * 2. **A call that resolves has happened**, for all who read afterwards; one that cannot happen
 *    rejects. (What rejects may have happened all the same: an answer was lost. That does no harm.)
 *    An entry that is not there is no failure.
 * 3. **Keys** are 43 characters of base64url, one per session, and already a hash: use them as they
 *    are. Nothing that a client sends reaches a store unauthenticated.
 * 4. **Time**: remove entries after `expiresAt`, at any time that suits the store. The reader checks
 *    it too, so `read` may give what has expired. To the other three it may be there or not.
 * 5. **A damaged entry** is there, and reads as `UNREADABLE`. `write` with the version of `UNREADABLE`
 *    replaces it, `remove` without a version or with that one removes it, and `touch` finds no session.
 *
 * There is no need for a time limit, for a retry, or for a cache: the module bounds each call
 * (`storeTimeout`), and merges and repeats what met a newer version.
 */
export interface SessionStore {
  /**
   * Whether `write` and `remove` compare and act in one step, for all processes at once. Where not,
   * two processes that write to one session at the same moment can lose a change, and the module says
   * so once in the log.
   */
  readonly atomic: boolean;

  /** @returns `undefined` where there is none, `UNREADABLE` where there is no session in it */
  read(key: string): Promise<StoredSession | undefined>;

  /**
   * Writes a session if its entry still has the version that was read.
   *
   * A client library may send a command twice when a connection breaks: a write whose own version is
   * the one that is stored already has happened, and resolves with `true`.
   *
   * @param replaces the version that must be stored now; `undefined`: only if there is no entry
   * @returns whether it was written
   */
  write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean>;

  /**
   * Lets an entry live until `expiresAt`, whatever its version, which stays. Never shortens a life.
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
