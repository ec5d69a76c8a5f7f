/** A `storeTimeout` that no call misses by itself, on however slow a machine: milliseconds. */
export const DEADLINE = 54_321;

/**
 * Where the deadlines of a file's calls of a store pass when a test says so, and not by the clock.
 *
 * @param deadline the `storeTimeout` of these calls, in milliseconds
 */
export function holdDeadlines(deadline = DEADLINE) {
  const { setTimeout, clearTimeout } = globalThis;
  const pending = new Map<unknown, () => void>();
  const held = {
    setTimeout: (act: () => void, milliseconds?: number, ...args: []) => {
      const timer = setTimeout(act, milliseconds, ...args);
      if (milliseconds === deadline) pending.set(timer, act);
      return timer;
    },
    clearTimeout: (timer: NodeJS.Timeout | undefined) => {
      pending.delete(timer);
      clearTimeout(timer);
    },
  };
  beforeAll(() => void Object.assign(globalThis, held));
  afterAll(() => void Object.assign(globalThis, { setTimeout, clearTimeout }));

  /** Lets the deadline of each call pass that is under way. */
  const pass = () => {
    const acts = [...pending.values()];
    for (const timer of pending.keys()) held.clearTimeout(timer as NodeJS.Timeout);
    for (const act of acts) act();
  };
  return {
    pass,
    /** The same, and that of the call which is about to be made. */
    passSoon: (): void => void setImmediate(pass),
  };
}
