import { Transform } from 'class-transformer';
import { countCpuTime } from '../../test/support/cpu-time.js';
import type { ValueFault } from './faults.js';
import { DEFAULT_LIMITS, type ValueLimits } from './limits.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';
import { ValueRules } from './value-rules.js';

class Knot {
  next: unknown = null;
}
class Boxed {
  constructor(readonly content: unknown) {}
}
registerSessionTypes(Knot);
registerSessionType(Boxed, {
  name: 'bounds/boxed',
  serialize: ({ content }) => content,
  revive: (content) => new Boxed(content),
});

const rulesOf = (limits: Partial<ValueLimits>) => new ValueRules({ ...DEFAULT_LIMITS, ...limits });

function read(text: string, rules = rulesOf({})): { value: unknown; faults: ValueFault[] } {
  const faults: ValueFault[] = [];
  const report = (fault: ValueFault): void => void faults.push(fault);
  return { value: revive(text, 'x', { rules, report }), faults };
}

/** Ways to lay one value into another, one level deeper. */
const SHELLS: [string, (inner: unknown) => unknown][] = [
  ['a list', (inner) => [inner]],
  ['an object', (inner) => ({ inner, beside: 1 })],
  ['an object that looks like a tag', (inner) => ({ $inner: inner })],
  ['an object without a prototype', (inner) => Object.assign(Object.create(null), { inner })],
  ['a map', (inner) => new Map([['inner', inner]])],
  ['the keys of a map', (inner) => new Map([[inner, 1]])],
  ['a set', (inner) => new Set([inner])],
  ['an instance', (inner) => Object.assign(new Knot(), { next: inner })],
  ['a form of its own', (inner) => new Boxed(inner)],
];

const nested = (shell: (inner: unknown) => unknown, levels: number, core: unknown): unknown => {
  let value = core;
  for (let level = 0; level < levels; level++) value = shell(value);
  return value;
};

describe('a value at the limit of its depth', () => {
  it.each(SHELLS)('is written, and read again: %s', (_, shell) => {
    for (const core of [1, new Date(1)]) {
      const text = serialize(nested(shell, 100, core), 'values.x');
      const { value, faults } = read(text);
      expect(faults).toEqual([]);
      expect(serialize(value, 'values.x')).toBe(text);
    }
  });

  it.each(SHELLS)('is not written beyond it, nor read: %s', (_, shell) => {
    const rules = rulesOf({ depth: 250 });
    const text = serialize(nested(shell, 201, new Date(1)), 'values.x', rules);
    expect(read(text, rules).value).not.toBe(UNKNOWN);
    expect(() => serialize(nested(shell, 101, 1), 'values.x')).toThrow(
      expect.objectContaining({ code: 'SESSION_UNSERIALIZABLE' }),
    );
    expect(read(text)).toMatchObject({
      value: UNKNOWN,
      faults: [{ path: 'values.x', type: '(text)', why: 'is nested deeper than 100 levels' }],
    });
  });

  it('is not exceeded by one level', () => {
    const rules = rulesOf({ depth: 3 });
    for (const [, shell] of SHELLS.slice(0, 2)) {
      const text = serialize(nested(shell, 4, 1), 'values.x');
      expect(read(text, rules).value).toBe(UNKNOWN);
      expect(() => serialize(nested(shell, 4, 1), 'values.x', rules)).toThrow(
        /deeper than 3 levels/,
      );
      expect(() => serialize(nested(shell, 3, 1), 'values.x', rules)).not.toThrow();
      expect(read(serialize(nested(shell, 3, 1), 'values.x'), rules).faults).toEqual([]);
    }
  });

  it('counts lists and objects together', () => {
    const rules = rulesOf({ depth: 3 });
    expect(read('[{"a":[1]}]', rules)).toEqual({ value: [{ a: [1] }], faults: [] });
    expect(read('[{"a":[{}]}]', rules).value).toBe(UNKNOWN);
    expect(read('{"a":[{"b":[]}]}', rules).value).toBe(UNKNOWN);
  });

  it('is not exceeded by brackets beside each other, nor by those within strings', () => {
    const rules = rulesOf({ depth: 3 });
    const values = [[[], [], [], []], [{}, {}, {}, {}], { '[[[[{{{{': '{{{{[[[[' }];
    expect(read(JSON.stringify(values), rules)).toEqual({ value: values, faults: [] });
  });

  it('may be as high as 500', () => {
    const rules = rulesOf({ depth: 500 });
    for (const [, shell] of SHELLS) {
      const text = serialize(nested(shell, 500, new Date(1)), 'values.x', rules);
      const { value, faults } = read(text, rules);
      expect(faults).toEqual([]);
      expect(serialize(value, 'values.x', rules)).toBe(text);
    }
  });
});

describe('a value at the limit of its size', () => {
  const rules = rulesOf({ nodes: 20 });

  it.each<[string, unknown]>([
    ['a list', Array.from({ length: 19 }, (_, n) => n)],
    ['an object', Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`f${n}`, n]))],
    ['dates', Array.from({ length: 19 }, (_, n) => new Date(n))],
    ['bytes', Array.from({ length: 19 }, (_, n) => new Uint8Array([n]))],
    ['a map', new Map(Array.from({ length: 9 }, (_, n) => [n, new Date(n)]))],
    ['a set', new Set(Array.from({ length: 19 }, (_, n) => BigInt(n)))],
    ['instances', Array.from({ length: 9 }, () => new Knot())],
    ['forms', Array.from({ length: 9 }, (_, n) => new Boxed(n))],
  ])('is written, and read again: %s', (_, value) => {
    const text = serialize(value, 'values.x', rules);
    expect(serialize(read(text, rules).value, 'values.x')).toBe(text);
    const more = serialize([value, value], 'values.x');
    expect(read(more, rules)).toMatchObject({
      value: UNKNOWN,
      faults: [{ why: 'goes beyond 20 values', outcome: 'kept' }],
    });
    expect(() => serialize([value, value], 'values.x', rules)).toThrow(/beyond 20 values/);
  });

  it('is read in bounded time where transforms are shown the whole, at each level of it', () => {
    class Link {
      next: unknown = null;
      @Transform(({ obj, value }) => ((obj as Link).next === null ? 'last' : (value as string)), {
        toClassOnly: true,
      })
      label = '';
    }
    registerSessionType(Link, { name: 'bounds/link' });
    const chain = nested((next) => Object.assign(new Link(), { next, label: 'a' }), 99, null);
    const text = serialize(chain, 'values.x').replace('"next":null', '"next":{"@Gone":1}');
    const time = countCpuTime();
    const { value, faults } = read(text);
    expect(time()).toBeLessThan(1000);
    expect(faults).toHaveLength(1);
    expect(serialize(value, 'values.x')).toBe(text);
  });

  it('is read in bounded time, and so is one far beyond', () => {
    const timed = (text: string): number => {
      const time = countCpuTime();
      read(text);
      return time();
    };
    const full = Array.from({ length: 33_000 }, (_, n) => ({ n, at: n % 50 ? n : new Date(n) }));
    expect(timed(serialize(full, 'values.x'))).toBeLessThan(2000);
    expect(timed(`[${'{"$set":[1]},'.repeat(1_000_000)}1]`)).toBeLessThan(10_000);
    for (const opener of ['[', '{"$set":[', '{"a":', '{"$":{"$a":', '{"@bounds/boxed":']) {
      expect(timed(opener.repeat(500_000))).toBeLessThan(2000);
    }
  });
});

describe('a value at the limit of its length', () => {
  const rules = rulesOf({ bytes: 40 });

  it('is counted in bytes', () => {
    for (const letter of ['a', 'ä', '€']) {
      const most = 'x'.repeat(38 - Buffer.byteLength(letter)) + letter;
      const text = serialize(most, 'values.x', rules);
      expect(Buffer.byteLength(text)).toBe(40);
      expect(read(text, rules).value).toBe(most);
      const more = serialize(`${most}x`, 'values.x');
      expect(() => serialize(`${most}x`, 'values.x', rules)).toThrow(
        /^values\.x takes more than 40 bytes as text/,
      );
      expect(read(more, rules)).toMatchObject({
        value: UNKNOWN,
        faults: [{ why: 'goes beyond 40 bytes', outcome: 'kept' }],
      });
    }
  });

  it('holds for bytes before they are written out', () => {
    expect(() => serialize({ file: Buffer.alloc(41) }, 'values.x', rules)).toThrow(
      /^values\.x\.file has 41 bytes/,
    );
  });
});
