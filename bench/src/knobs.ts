/**
 * Shorter runs for whoever works on the benchmark, which leave the README alone:
 * `BENCH_ROUNDS=2 BENCH_SECONDS=1 BENCH_REQUESTS=2000 BENCH_SESSIONS=1000`.
 */
const KNOBS = ['BENCH_ROUNDS', 'BENCH_SECONDS', 'BENCH_REQUESTS', 'BENCH_SESSIONS'] as const;

export function roundsOr(usual: number): number {
  return numberFrom('BENCH_ROUNDS') ?? usual;
}

/** How long one measurement over HTTP takes, or the load run. */
export function secondsOr(usual: number): number {
  return numberFrom('BENCH_SECONDS') ?? usual;
}

/** How many requests are sent before memory is looked at again. */
export function requestsOr(usual: number): number {
  return numberFrom('BENCH_REQUESTS') ?? usual;
}

/** How many sessions the load run spreads over. */
export function sessionsOr(usual: number): number {
  return numberFrom('BENCH_SESSIONS') ?? usual;
}

export function isShortened(): boolean {
  return KNOBS.some((name) => numberFrom(name) !== undefined);
}

function numberFrom(name: (typeof KNOBS)[number]): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${name} must be 1 or more`);
  return number;
}
