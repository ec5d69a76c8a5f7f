import { inspect } from 'node:util';
import { SessionError } from '../session.errors.js';
import type { SessionStore, StoredSession } from './session-store.js';
import { Turns } from './turns.js';

export interface SerialSessionStoreOptions {
  /**
   * For how many milliseconds one call may keep the others on its session waiting. From then on it
   * rejects with `SESSION_STORE`, and the next one goes on. Default 10,000.
   */
  turnTimeout?: number;
}

/** Of Node's timers: a longer one fires at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * A store on something that can only get, set and delete. It reads before it writes, so the calls on
 * one session take turns. That holds in this process: another one may come between.
 */
export abstract class SerialSessionStore implements SessionStore {
  readonly atomic = false;

  private readonly turns: Turns;

  /** @throws SessionError `SESSION_CONFIG` where `turnTimeout` is not a positive number */
  constructor({ turnTimeout = 10_000 }: SerialSessionStoreOptions = {}) {
    if (!Number.isFinite(turnTimeout) || turnTimeout <= 0 || turnTimeout > MAX_TIMEOUT) {
      throw new SessionError(
        'SESSION_CONFIG',
        `turnTimeout is ${inspect(turnTimeout)}; allowed are milliseconds, up to ${MAX_TIMEOUT}`,
      );
    }
    this.turns = new Turns(turnTimeout);
  }

  /** What is kept under a key. It may have expired. */
  protected abstract load(key: string): Promise<StoredSession | undefined>;

  /** Puts a session in the place of what is kept under a key; it has not expired. */
  protected abstract save(key: string, session: StoredSession): Promise<void>;

  /** Removes what is kept under a key. */
  protected abstract drop(key: string): Promise<void>;

  /** It takes its turn too: many backends delete on reading what has expired. */
  read(key: string): Promise<StoredSession | undefined> {
    return this.turns.take(key, () => this.alive(key));
  }

  write(key: string, session: StoredSession, replaces: string | undefined): Promise<boolean> {
    return this.turns.take(key, async (turn) => {
      const stored = await this.alive(key);
      if (stored?.version === session.version) return true;
      if (stored?.version !== replaces) return false;
      turn.check();
      // Many backends take a lifetime of nothing for an endless one.
      if (session.expiresAt > Date.now()) await this.save(key, session);
      else await this.drop(key);
      return true;
    });
  }

  touch(key: string, expiresAt: number): Promise<boolean> {
    return this.turns.take(key, async (turn) => {
      const stored = await this.alive(key);
      if (stored === undefined) return false;
      turn.check();
      if (expiresAt > stored.expiresAt) await this.save(key, { ...stored, expiresAt });
      return true;
    });
  }

  remove(key: string, version?: string): Promise<boolean> {
    return this.turns.take(key, async (turn) => {
      const stored = await this.alive(key);
      if (stored === undefined) return false;
      if (version !== undefined && version !== stored.version) return false;
      turn.check();
      await this.drop(key);
      return true;
    });
  }

  private async alive(key: string): Promise<StoredSession | undefined> {
    const stored = await this.load(key);
    return stored !== undefined && stored.expiresAt > Date.now() ? stored : undefined;
  }
}

/** The session in what a backend gave back, if there is one: another program may write there too. */
export function storedSessionIn(value: unknown): StoredSession | undefined {
  const { text, version, expiresAt } = (value ?? {}) as Partial<StoredSession>;
  if (typeof text !== 'string' || typeof version !== 'string') return undefined;
  return typeof expiresAt === 'number' ? { text, version, expiresAt } : undefined;
}
