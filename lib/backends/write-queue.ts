import { SessionError } from '../session.errors.js';
import type { StoredRecord } from './store-backend.js';

/** @returns what the store holds then; `undefined` where the session is gone */
export type StoreTurn = (latest: StoredRecord | undefined) => Promise<StoredRecord | undefined>;

/**
 * Lets the changes that requests of this process make to one session follow each other, each upon
 * what the one before has written. Otherwise they would do nothing but meet each other's versions.
 */
export class WriteQueue {
  /** The last turn of each session that has any. */
  private readonly last = new Map<string, Promise<StoredRecord | undefined>>();

  /**
   * @param act is given what the turn before has written, if there was one
   * @throws SessionError `SESSION_STORE` at once where the turn before has waited for the store in vain
   */
  async take(id: string, act: StoreTurn): Promise<StoredRecord | undefined> {
    const before = this.last.get(id);
    const turn =
      before === undefined
        ? act(undefined)
        : before.then(act, (error: unknown) => afterFailure(error, act));
    this.last.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.last.get(id) === turn) this.last.delete(id);
    }
  }

  /** How many sessions have a turn that has not ended. */
  get size(): number {
    return this.last.size;
  }
}

/** Who waits for a store that does not answer must not wait once more for each who waited before. */
function afterFailure(error: unknown, act: StoreTurn): ReturnType<StoreTurn> {
  if (error instanceof SessionError && error.code === 'SESSION_STORE') throw error;
  return act(undefined);
}
