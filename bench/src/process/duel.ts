import { isDeepStrictEqual } from 'node:util';
import { ratioOf, type Spread } from '../spread.js';
import type { Sealing } from './sealing.js';
import { type Operation, timeTogether } from './stopwatch.js';

/** How long one takes, as a ratio to what another takes. */
export interface Duration {
  readonly seal: Spread;
  readonly open: Spread;
  readonly both: Spread;
}

/** Sealings that were timed in the same rounds. */
export interface Timed {
  compare(one: string, other: string): Duration;
}

export async function timeSealings<T>(
  sealings: readonly Sealing<T>[],
  content: T,
  rounds: number,
): Promise<Timed> {
  const operations: Record<string, Operation> = {};
  for (const sealing of sealings) {
    const token = await sealing.seal(content);
    await check(sealing, token, content);
    operations[`seal ${sealing.name}`] = () => sealing.seal(content);
    operations[`open ${sealing.name}`] = () => sealing.open(token);
  }
  const times = await timeTogether(operations, rounds);
  const both = (name: string) =>
    times[`seal ${name}`].map((time, round) => time + times[`open ${name}`][round]);
  return {
    compare: (one, other) => ({
      seal: ratioOf(times[`seal ${one}`], times[`seal ${other}`]),
      open: ratioOf(times[`open ${one}`], times[`open ${other}`]),
      both: ratioOf(both(one), both(other)),
    }),
  };
}

/** Makes sure that what is timed does what it should. */
async function check<T>(sealing: Sealing<T>, token: string, content: T): Promise<void> {
  const opened = await sealing.open(token);
  if (!isDeepStrictEqual(valuesOf(opened), content)) {
    throw new Error(`${sealing.name} opens to ${JSON.stringify(opened)}`);
  }
}

/** @fastify/secure-session opens to an object that holds the values. */
function valuesOf(opened: unknown): unknown {
  const { data } = Object(opened) as { data?: unknown };
  return typeof data === 'function' ? (data as () => unknown)() : opened;
}
