import { isShortened } from '../knobs.js';
import { type Ground, measurePair, type RatiosByRoute } from './pair.js';

/** Where an application against itself comes to less or more, the machine was not quiet. */
const QUIET = { min: 0.9, max: 1.1 };
/** Redis shares a core with `wrk`, so that one turn differs more from the next. */
export const QUIET_WITH_REDIS = { min: 0.85, max: 1.18 };
const MAX_ATTEMPTS = 5;

/** An application, and the one that it is measured against; with more sessions than the ground says. */
export type Pair = readonly [app: string, base: string, sessions?: number];

/** Pairs that were measured one after the other, with a control before and after them. */
export interface Run {
  /** An application against itself. */
  readonly controls: { readonly first: RatiosByRoute; readonly last: RatiosByRoute };
  ratios(...pair: Pair): RatiosByRoute;
}

/**
 * Measures all pairs. A run in which one of the controls lies too far from 1 is thrown away and held
 * again, unless it is a shortened one.
 *
 * @param control the application that is measured against itself
 */
export async function holdRun(
  ground: Ground,
  control: string,
  pairs: readonly Pair[],
): Promise<Run> {
  const { min, max } = ground.quiet ?? QUIET;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const run = await attemptRun(ground, control, pairs);
    if (run !== undefined) return run;
    console.log(`Thrown away: ${control} against itself is not within ${min} to ${max}.`);
  }
  throw new Error('This machine is too noisy to measure on.');
}

/** @returns `undefined` as soon as a control shows that the machine was not quiet */
async function attemptRun(
  ground: Ground,
  control: string,
  pairs: readonly Pair[],
): Promise<Run | undefined> {
  const first = await measure(ground, [control, control]);
  if (!isQuiet(ground, first)) return undefined;
  const measured = new Map<string, RatiosByRoute>();
  for (const pair of pairs) measured.set(nameOf(pair), await measure(ground, pair));
  const last = await measure(ground, [control, control]);
  if (!isQuiet(ground, last)) return undefined;
  return { controls: { first, last }, ratios: (...pair) => measured.get(nameOf(pair))! };
}

async function measure(ground: Ground, pair: Pair): Promise<RatiosByRoute> {
  const [app, base, sessions = ground.sessions] = pair;
  const ratios = await measurePair({ ...ground, sessions }, app, base);
  const medians = Object.values(ratios).map(({ throughput }) => throughput.median.toFixed(2));
  console.log(`${ground.adapter}, ${nameOf(pair)}: ${medians.join(', ')}`);
  return ratios;
}

function isQuiet({ quiet = QUIET }: Ground, control: RatiosByRoute): boolean {
  const medians = Object.values(control).map(({ throughput }) => throughput.median);
  return isShortened() || medians.every((one) => one >= quiet.min && one <= quiet.max);
}

function nameOf([app, base, sessions]: Pair): string {
  return `${app} to ${base}${sessions === undefined ? '' : ` with ${sessions} sessions`}`;
}
