/** How many calls may be under way beyond their time before new ones are held off. */
const MAX_OVERDUE = 100;
/** How often a store that does not answer is tried again: milliseconds. */
const RETRY_INTERVAL = 100;

/**
 * Bounds the calls of one store. A call that is given up goes on in the client library, and keeps
 * what it holds: while a store does not answer, each request would leave one behind. So beyond a
 * number of them only one call in a while is let through, until the store answers again.
 */
export class StoreCalls {
  private overdue = 0;
  private lastTry = 0;

  /** @param timeout of one call: milliseconds */
  constructor(private readonly timeout: number) {}

  /** @throws Error what the store said, or that it did not answer in time */
  run<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.overdue >= MAX_OVERDUE && Date.now() - this.lastTry < RETRY_INTERVAL) {
        throw new Error(`${this.overdue} earlier calls were not answered in time`);
      }
      this.lastTry = Date.now();
      const answer = call();
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        this.overdue++;
        reject(new Error(`no answer within ${this.timeout} ms (storeTimeout)`));
      }, this.timeout);
      const settle = () => {
        clearTimeout(timer);
        if (isLate) this.overdue--;
      };
      answer.then(settle, settle);
      answer.then(resolve, reject);
    });
  }
}
