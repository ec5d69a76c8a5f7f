import { SessionError } from '../session.errors.js';

/** The time in which a task may act on its key. */
export interface Turn {
  /**
   * To be asked before each step after the first: once the turn has passed on, the next one may have
   * changed what the first step saw.
   *
   * @throws SessionError `SESSION_STORE` where the turn is over
   */
  check(): void;
}

/** Lets the tasks on one key run one after the other, in the order in which they came. */
export class Turns {
  /** The last task of each key that has any: it resolves when that task has ended, however it did. */
  private readonly tails = new Map<string, Promise<void>>();

  /** @param limit milliseconds after which a task that has not ended rejects, and the next one runs */
  constructor(private readonly limit: number) {}

  take<T>(key: string, task: (turn: Turn) => Promise<T>): Promise<T> {
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

  private bounded<T>(task: (turn: Turn) => Promise<T>): Promise<T> {
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
