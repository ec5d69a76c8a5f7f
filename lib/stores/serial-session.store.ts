import { inspect } from 'node:util';
import { SessionError } from '../session.errors.js';
import { KeyedMutex, type Lock } from './keyed-mutex.js';
import { type SessionStore, type StoredSession, UNREADABLE } from './session-store.js';
import { currentTime } from '../session.clock.js';

/** Options of `KeyvSessionStore` and `ExpressSessionStore`. */
export interface SerialSessionStoreOptions {
  /**
   * For how many milliseconds one call may keep the others on its session waiting. From then on it
   * rejects with `SESSION_STORE`, and the next one goes on. Default 10,000.
   */
  turnTimeout?: number;
  /**
   * For how many milliseconds a removed session leaves a tombstone, an entry of its own that keeps a
   * slow write of another process from bringing the session back. It must be longer than any write of
   * the backend can take, `turnTimeout` at least. Default 900,000 (15 minutes).
   */
  tombstoneTime?: number;
}

/** Of Node's timers: a longer one fires at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The version of a tombstone. Versions of sessions have 16 characters. */
const REMOVED = 'removed';

/**
 * A store on a backend that can only get, set and delete. It reads before it writes, and a mutex for
 * each session keeps the calls of this process apart.
 *
 * Between processes it promises this: **a removed session does not come back.** `remove` first writes a
 * tombstone under a key of its own, and then removes the entry. `read` looks for
 * both. `write` and `touch` look for the tombstone again after they wrote, and remove what they wrote where they find it.
 *
 * It does not promise:
 * - that no change is lost: of two processes that write one session at the same moment, one overwrites
 *   the other;
 * - that a session stays removed where the process that wrote it ended between its write and its second
 *   look, and nobody presented that session's cookie within `tombstoneTime`: a `read` that finds both
 *   removes the entry;
 * - that a session stays removed where a write reaches the backend later than `tombstoneTime`, or where
 *   the clocks of two processes differ by more than that.
 *
 * Calls of the backend, one after the other: `read` 2 (1 where there is no entry), `write` and `touch`
 * 4, `remove` 4.
 */
export abstract class SerialSessionStore implements SessionStore {
  readonly atomic = false;

  private readonly mutex: KeyedMutex;
  private readonly tombstoneTime: number;

  /** @throws SessionError `SESSION_CONFIG` where an option is not a number that is allowed */
  constructor({ turnTimeout = 10_000, tombstoneTime }: SerialSessionStoreOptions = {}) {
    checkMilliseconds('turnTimeout', turnTimeout, 0, MAX_TIMEOUT);
    this.mutex = new KeyedMutex(turnTimeout);
    this.tombstoneTime = tombstoneTime ?? Math.max(900_000, turnTimeout);
    checkMilliseconds('tombstoneTime', this.tombstoneTime, turnTimeout, Number.MAX_SAFE_INTEGER);
  }

  /** What is kept under a key, which may have expired, or `UNREADABLE`. */
  protected abstract load(key: string): Promise<StoredSession | undefined>;

  /** Puts a session in the place of what is kept under a key; it has not expired. */
  protected abstract save(key: string, session: StoredSession): Promise<void>;

  /** Removes what is kept under a key. */
  protected abstract drop(key: string): Promise<void>;

  /** It takes the lock too: many backends delete an expired entry when they read it. */
  read(key: string): Promise<StoredSession | undefined> {
    return this.mutex.run(key, (lock) => this.find(key, lock));
  }

  write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean> {
    return this.mutex.run(key, async (lock) => {
      const stored = await this.find(key, lock);
      if (stored?.version === session.version) return true;
      if (stored?.version !== replaces) return false;
      // Many backends take a lifetime of nothing for an endless one.
      if (session.expiresAt <= currentTime()) {
        lock.check();
        await this.drop(key);
        return true;
      }
      // A new entry may take the key of one that was removed.
      if (stored === undefined && (await this.hasTombstone(key))) {
        lock.check();
        await this.drop(tombstoneKey(key));
      }
      lock.check();
      return this.saveUnlessRemoved(key, session);
    });
  }

  touch(key: string, expiresAt: number): Promise<boolean> {
    return this.mutex.run(key, async (lock) => {
      const stored = await this.find(key, lock);
      if (stored === undefined || stored === UNREADABLE) return false;
      lock.check();
      if (expiresAt <= stored.expiresAt) return true;
      return this.saveUnlessRemoved(key, { ...stored, expiresAt });
    });
  }

  remove(key: string, version?: string): Promise<boolean> {
    return this.mutex.run(key, async (lock) => {
      const stored = await this.find(key, lock);
      if (stored === undefined) return false;
      if (version !== undefined && version !== stored.version) return false;
      lock.check();
      const expiresAt = currentTime() + this.tombstoneTime;
      await this.save(tombstoneKey(key), { text: '', version: REMOVED, expiresAt });
      await this.drop(key);
      return true;
    });
  }

  /** The entry of a session, unless it has expired or another process has removed it. */
  private async find(key: string, lock: Lock): Promise<StoredSession | undefined> {
    const stored = await this.load(key);
    if (stored === undefined) return undefined;
    if (stored !== UNREADABLE && stored.expiresAt <= currentTime()) return undefined;
    if (!(await this.hasTombstone(key))) return stored;
    lock.check();
    // A write was under way when the session was removed. The tombstone hides it, dropped or not.
    await this.drop(key).catch(() => {});
    return undefined;
  }

  /** However late it comes back, it looks for the tombstone: the write may be late as well. */
  private async saveUnlessRemoved(key: string, session: StoredSession): Promise<boolean> {
    await this.save(key, session);
    const isRemoved = await this.hasTombstone(key);
    if (isRemoved) await this.drop(key);
    return !isRemoved;
  }

  private async hasTombstone(key: string): Promise<boolean> {
    const tombstone = await this.load(tombstoneKey(key));
    return tombstone?.version === REMOVED && tombstone.expiresAt > currentTime();
  }
}

/** Longer than the key of any session. */
function tombstoneKey(key: string): string {
  return `${key}-${REMOVED}`;
}

function checkMilliseconds(name: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value > 0 && value >= least && value <= most) return;
  const range = least > 0 ? `from ${least} to ${most}` : `up to ${most}`;
  throw new SessionError(
    'SESSION_CONFIG',
    `${name} is ${inspect(value)}; allowed are milliseconds, ${range}`,
  );
}

/** The session in the value that a backend gave back: another program may write there too. */
export function storedSessionIn(value: unknown): StoredSession | undefined {
  if (value === undefined || value === null) return undefined;
  const { text, version, expiresAt } = value as Partial<StoredSession>;
  if (typeof text !== 'string' || typeof version !== 'string') return UNREADABLE;
  return typeof expiresAt === 'number' ? { text, version, expiresAt } : UNREADABLE;
}

/** Whether a backend failed because the text that it keeps is no JSON. */
export function isNoJson(error: unknown): boolean {
  // Not `instanceof`: a backend may parse in another realm.
  return (error as Error | undefined)?.name === 'SyntaxError';
}
