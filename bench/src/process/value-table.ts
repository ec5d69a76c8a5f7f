import { isDeepStrictEqual } from 'node:util';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import { revive, serialize } from '../../build/values/serializer.js';
import { table } from '../report/table.js';
import type { Target, Targets } from '../report/targets.js';
import { sessionValues } from '../session-values.js';
import { ratioOf } from '../spread.js';
import { timeTogether } from './stopwatch.js';
import { User, user } from './user.js';

type Cell = readonly [what: string, one: string, other: string, target?: Target];

/** Typed and plain values to text and back. */
export async function valueTable(targets: Targets, rounds: number): Promise<string> {
  const typed = await timeTogether(typedOperations(), rounds);
  const plain = await timeTogether(plainOperations(), rounds);
  const times: Record<string, number[]> = { ...typed, ...plain };
  const rows = CELLS.map(([what, one, other, target]) => [
    what,
    targets.cell(what, ratioOf(times[one], times[other]), target),
  ]);
  return table(['', 'ratio of the times'], rows);
}

const CELLS: readonly Cell[] = [
  ['a user to text, to `JSON.stringify`', 'write', 'stringify', { atMost: 2 }],
  ['text to a user, to `JSON.parse`', 'revive', 'parse', { atMost: 1.8 }],
  ['class-transformer, user to text, to ours', 'instanceToPlain', 'write'],
  ['class-transformer, text to user, to ours', 'plainToInstance', 'revive', { atLeast: 5 }],
  ['class-transformer, user to text, to `JSON.stringify`', 'instanceToPlain', 'stringify'],
  ['plain values to text, to `JSON.stringify`', 'plain write', 'plain stringify', { atMost: 1.2 }],
  ['text to plain values, to `JSON.parse`', 'plain revive', 'plain parse', { atMost: 1.2 }],
];

function typedOperations() {
  const value = user();
  const text = serialize(value, 'values.user');
  const json = JSON.stringify(value);
  const operations = {
    write: () => serialize(value, 'values.user'),
    stringify: () => JSON.stringify(value),
    instanceToPlain: () => JSON.stringify(instanceToPlain(value)),
    revive: () => revive(text),
    parse: () => JSON.parse(text) as unknown,
    plainToInstance: () => plainToInstance(User, JSON.parse(json) as object),
  };
  for (const revived of [operations.revive(), operations.plainToInstance()]) {
    if (!isDeepStrictEqual(revived, value)) throw new Error('A user came back as another');
  }
  return operations;
}

function plainOperations() {
  const value = sessionValues(1024);
  const text = JSON.stringify(value);
  return {
    'plain write': () => serialize(value, 'values.user'),
    'plain stringify': () => JSON.stringify(value),
    'plain revive': () => revive(text),
    'plain parse': () => JSON.parse(text) as unknown,
  };
}
