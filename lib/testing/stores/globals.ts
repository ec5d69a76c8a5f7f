/** What a test runner puts there: Jest, Mocha, Vitest with `globals`, and others. */
interface Runner {
  describe(title: string, tests: () => void): void;
  it(title: string, test: () => Promise<void>): void;
}

// Looked up at each call: it names no runner, and the suite can be tested with one of its own.
const runner = globalThis as unknown as Runner;

export function describe(title: string, tests: () => void): void {
  runner.describe(title, tests);
}

export function it(title: string, test: () => Promise<void>): void {
  runner.it(title, test);
}
