/** How many calls may be under way beyond their time before new ones are held off. */
const MAX_OVERDUE = 100;

/**
 * Bounds the calls of one store. A call that is given up goes on in the client library, and keeps
 * what it holds: while a store does not answer, each request would leave one behind. So beyond a
 * number of them only one call in a while is let through, until the store answers one in time; and
 * the more of them wait, the rarer: in an hour fewer than 3,000 pile up.
 */
export class StoreCalls {
  private overdue = 0;
  private lastTry = 0;
  /** Whether the call that ended last was answered in time: those that hang may hang for ever. */
  private isAnswering = true;

  /** @param timeout of one call: milliseconds */
  constructor(private readonly timeout: number) {}

  /** @throws Error what the store said, or that it did not answer in time */
  run<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isHeldOff) {
        throw new Error(`${this.overdue} earlier calls were not answered in time`);
      }
      this.lastTry = Date.now();
      const answer = call();
      let isSettled = false;
      let isLate = false;
      const giveUp = () => {
        if (isSettled) return;
        isLate = true;
        this.overdue++;
        this.isAnswering = false;
        reject(new Error(`no answer within ${this.timeout} ms (storeTimeout)`));
      };
      // Timers come before sockets: a process that stood still finds the answer after its deadline.
      const timer = setTimeout(() => setImmediate(giveUp), this.timeout);
      const settle = () => {
        isSettled = true;
        clearTimeout(timer);
        if (isLate) this.overdue--;
        else this.isAnswering = true;
      };
      answer.then(settle, settle);
      answer.then(resolve, reject);
    });
  }

  /** As `run`; what is answered at once is given at once. @throws Error as `run` */
  runNow<T>(call: () => T | Promise<T>): T | Promise<T> {
    if (this.isHeldOff) return this.run(async () => call());
    const answer = call();
    return answer instanceof Promise ? this.run(() => answer) : answer;
  }

  /** As many milliseconds pass between two tries as calls are overdue. */
  private get isHeldOff(): boolean {
    const isBehind = this.overdue >= MAX_OVERDUE && !this.isAnswering;
    return isBehind && Date.now() - this.lastTry < this.overdue;
  }
}
