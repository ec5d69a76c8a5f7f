/** What repeated measurements of one ratio say. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(ratios: readonly number[]): Spread {
  const sorted = ratios.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1)! };
}

export function medianOf(numbers: readonly number[]): number {
  return spreadOf(numbers).median;
}

/** The ratio of two series that were measured in the same rounds. */
export function ratioOf(measured: readonly number[], base: readonly number[]): Spread {
  return spreadOf(measured.map((one, i) => one / base[i]));
}
