import { SessionError } from '../session.errors.js';
import type { StoredRecord } from './stored-record.js';

/** @returns what the store holds then; `undefined` where the session is gone */
export type StoreWrite = (latest: StoredRecord | undefined) => Promise<StoredRecord | undefined>;

/**
 * Lets the changes that requests of this process make to one session follow each other, each upon
 * what the one before has written. Otherwise they would do nothing but meet each other's versions.
 */
export class WriteQueue {
  /** The last task of each session that has any. */
  readonly #last = new Map<string, Promise<StoredRecord | undefined>>();

  /**
   * @param write is given what the task before has written, if there was one
   * @throws SessionError `SESSION_STORE` at once where the task before has waited for the store in vain
   */
  async run(id: string, write: StoreWrite): Promise<StoredRecord | undefined> {
    const before = this.#last.get(id);
    const task =
      before === undefined
        ? write(undefined)
        : before.then(write, (error: unknown) => afterFailure(error, write));
    this.#last.set(id, task);
    try {
      return await task;
    } finally {
      if (this.#last.get(id) === task) this.#last.delete(id);
    }
  }

  /** How many sessions have a task that has not ended. */
  get size(): number {
    return this.#last.size;
  }
}

/** Who waits for a store that does not answer must not wait once more for each who waited before. */
function afterFailure(error: unknown, write: StoreWrite): ReturnType<StoreWrite> {
  // What the store said is its cause; who has waited too long in this queue has none.
  const isOfStore = error instanceof SessionError && error.code === 'SESSION_STORE';
  if (isOfStore && error.cause !== undefined) throw error;
  return write(undefined);
}
