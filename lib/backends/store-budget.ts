import { SessionError } from '../session.errors.js';

/**
 * How long one request waits for its store. No call begins once it has waited as long as one call
 * may take, so that all its calls together take at most twice as long.
 */
export class StoreBudget {
  private spent = 0;
  private running = 0;
  private since = 0;

  /**
   * @param name of the session
   * @param timeout of one call: milliseconds
   */
  constructor(
    private readonly name: string,
    private readonly timeout: number,
  ) {}

  /** Counts the time until something is done. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.running++ === 0) this.since = performance.now();
    try {
      return await act();
    } finally {
      if (--this.running === 0) this.spent += performance.now() - this.since;
    }
  }

  /** @throws SessionError `SESSION_STORE` where no other call may begin */
  assertLeft(): void {
    const running = this.running === 0 ? 0 : performance.now() - this.since;
    if (this.spent + running < this.timeout) return;
    throw new SessionError(
      'SESSION_STORE',
      `Session '${this.name}' is not available: the request has waited for its store longer than one call may take (storeTimeout).`,
    );
  }
}
