import type { Spread } from '../spread.js';

export interface AtLeast {
  readonly atLeast: number;
}

/** What a figure has to reach. */
export type Target = AtLeast | { readonly atMost: number };

export interface Format {
  /** Behind the comma. Default 2. */
  readonly digits?: number;
  readonly unit?: string;
}

/** Writes figures with their targets, and keeps count of those that are missed. */
export class Targets {
  private judged = 0;
  private readonly missed: string[] = [];

  /**
   * @param what names the figure where a missed target is told of
   * @returns the figure, and whether its median reaches the target
   */
  cell(what: string, spread: Spread, target?: Target, format: Format = {}): string {
    const shown = showSpread(spread, format);
    return target === undefined
      ? shown
      : `${shown}, ${this.verdict(what, spread.median, target, format)}`;
  }

  /** @returns whether a figure reaches the target, in words */
  verdict(what: string, figure: number, target: Target, format: Format = {}): string {
    const isAtLeast = 'atLeast' in target;
    const bound = isAtLeast ? target.atLeast : target.atMost;
    // What is judged is what is shown, so that nobody reads "1.20, at most 1.20: missed".
    const rounded = Number(show(figure, format));
    const isMet = isAtLeast ? rounded >= bound : rounded <= bound;
    const wanted = `${isAtLeast ? 'at least' : 'at most'} ${bound}${unitOf(format)}`;
    this.judged++;
    if (!isMet) this.missed.push(`${what} (${show(figure, format)}${unitOf(format)}, ${wanted})`);
    return `${wanted}: ${isMet ? 'met' : '**missed**'}`;
  }

  get areMet(): boolean {
    return this.missed.length === 0;
  }

  summary(): string {
    const met = this.judged - this.missed.length;
    if (this.areMet) return `All ${this.judged} targets are met.`;
    const list = this.missed.map((one) => `- ${one}`).join('\n');
    return `${met} of ${this.judged} targets are met. Missed:\n\n${list}`;
  }
}

/** `median (min to max)`. */
export function showSpread({ min, median, max }: Spread, format: Format = {}): string {
  return `${show(median, format)}${unitOf(format)} (${show(min, format)} to ${show(max, format)})`;
}

function show(figure: number, { digits = 2 }: Format): string {
  return figure.toFixed(digits);
}

function unitOf({ unit }: Format): string {
  return unit === undefined ? '' : ` ${unit}`;
}
