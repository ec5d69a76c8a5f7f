import { NUMBERS, type Numbers } from './numbers.js';

/** How far a number has come: acknowledged by a server, and attempted at most. */
interface Known {
  acknowledged: number;
  attempted: number;
}

/** A session as the one client knows it that changes it. */
export class KnownSession {
  /** Several requests may increment the counter at once; each other number is set by one at a time. */
  readonly numbers: Readonly<Record<keyof Numbers, Known>> = {
    counter: { acknowledged: 0, attempted: 0 },
    left: { acknowledged: 0, attempted: 0 },
    right: { acknowledged: 0, attempted: 0 },
  };

  constructor(readonly cookie: string) {}

  get acknowledged(): Numbers {
    const { counter, left, right } = this.numbers;
    return {
      counter: counter.acknowledged,
      left: left.acknowledged,
      right: right.acknowledged,
    };
  }

  get isChanged(): boolean {
    return NUMBERS.some((key) => this.numbers[key].attempted > 0);
  }

  /** How far the numbers that were found lie beyond what was attempted. */
  surplusIn(found: Numbers): number {
    return sum((key) => found[key] - this.numbers[key].attempted);
  }
}

/** How far the numbers that were found lie behind those that must be there. */
export function lossIn(found: Numbers, acknowledged: Numbers): number {
  return sum((key) => acknowledged[key] - found[key]);
}

function sum(differenceOf: (key: keyof Numbers) => number): number {
  return NUMBERS.reduce((total, key) => total + Math.max(0, differenceOf(key)), 0);
}
