/** Runs tasks one after the other, in the order in which they came, whatever becomes of each. */
export class Sequence {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  get isBusy(): boolean {
    return this.waiting > 0;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.waiting++ === 0 ? task() : this.last.then(task);
    const done = result.finally(() => void this.waiting--);
    this.last = done.catch(() => {});
    return done;
  }
}
