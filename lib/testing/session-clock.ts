import { type Duration, toTimeout } from '../options/duration.js';
import { ahead, currentTime, setAhead } from '../session.clock.js';

/** The time by which sessions live and end, for tests. */
export interface SessionClock {
  /** What time it is for the sessions of this process. */
  now(): Date;
  /**
   * Moves that time forward. It goes on from there, at its usual pace.
   *
   * @param duration seconds, or a text such as `'31 minutes'`, as in the options; up to 400 days
   * @throws SessionError `SESSION_CONFIG`
   */
  advance(duration: Duration): void;
  /** Back to the time of the system. Sessions that were sent later than that are then refused. */
  reset(): void;
}

/**
 * Moves the time of the module: idle and absolute timeouts, renewals, the stores' own expiry. `Date` and
 * timers stay as they are, for the application and for the test runner. One clock for all applications of
 * a process: reset it after each test.
 *
 * A server such as Redis keeps its own time: what has expired by this clock alone lies there still, and is
 * refused when it is read.
 *
 * @example
 * ```ts
 * afterEach(() => sessionClock.reset());
 *
 * it('signs out who is idle for half an hour', async () => {
 *   await agent.post('/sign-in');
 *   sessionClock.advance('31 minutes');
 *   expect((await agent.get('/me')).status).toBe(401);
 * });
 * ```
 */
export const sessionClock: SessionClock = {
  now: () => new Date(currentTime()),
  advance: (duration) => setAhead(ahead() + toTimeout('advance', duration)),
  reset: () => setAhead(0),
};
