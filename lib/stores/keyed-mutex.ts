import { SessionError } from '../session.errors.js';

/** What a task holds while it runs. */
export interface Lock {
  /**
   * To be called before each step after the first: once the time limit is over, the next task may have
   * changed what the first step saw.
   *
   * @throws SessionError `SESSION_STORE` where the time limit is over
   */
  check(): void;
}

/** Runs the tasks on one key one after the other, in the order in which they came. */
export class KeyedMutex {
  /** The last task of each key that has any: it resolves when that task has ended, however it did. */
  private readonly tails = new Map<string, Promise<void>>();

  /** @param limit milliseconds after which a task that has not ended rejects, and the next one runs */
  constructor(private readonly limit: number) {}

  run<T>(key: string, task: (lock: Lock) => Promise<T>): Promise<T> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const result = before.then(() => this.bounded(task));
    const end: Promise<void> = result.then(
      () => this.leave(key, end),
      () => this.leave(key, end),
    );
    this.tails.set(key, end);
    return result;
  }

  /** How many keys have a task that has not ended. */
  get size(): number {
    return this.tails.size;
  }

  private leave(key: string, end: Promise<void>): void {
    if (this.tails.get(key) === end) this.tails.delete(key);
  }

  private bounded<T>(task: (lock: Lock) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isEnded = false;
      let over: SessionError | undefined;
      const passOn = () => {
        if (isEnded) return;
        over = new SessionError(
          'SESSION_STORE',
          `the store has not answered within ${this.limit} ms; the calls that wait go on`,
        );
        reject(over);
      };
      // Timers come before sockets: a process that stood still finds the answer after its deadline.
      const timer = setTimeout(() => setImmediate(passOn), this.limit);
      const check = () => {
        if (over !== undefined) throw over;
      };
      task({ check })
        .then(resolve, reject)
        .finally(() => {
          isEnded = true;
          clearTimeout(timer);
        });
    });
  }
}
