/** How far the time of this module is ahead of the system's: milliseconds. */
interface Clock {
  ahead: number;
}

// One for both forms of the package.
const CLOCK: unique symbol = Symbol.for('nestjs-typed-session:clock');

const shared = globalThis as { [CLOCK]?: Clock };

const clock = (shared[CLOCK] ??= { ahead: 0 });

/**
 * The time by which sessions live and end: the system's, unless a test has moved it
 * (`nestjs-typed-session/testing`). Milliseconds since 1970.
 */
export function currentTime(): number {
  return Date.now() + clock.ahead;
}

/** Moves the time of the module, for tests. `Date` stays as it is. */
export function setAhead(milliseconds: number): void {
  clock.ahead = milliseconds;
}

export function ahead(): number {
  return clock.ahead;
}
