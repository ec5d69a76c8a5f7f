import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { revive, serialize } from './serializer.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

describe('a plain value', () => {
  it.each<[unknown]>([
    [null],
    [true],
    [42],
    ['text with "quotes", \\ and \u2028'],
    [[]],
    [{}],
    [{ user: { name: 'Ann', tags: ['a', 'b'], address: null }, visits: 3 }],
  ])('is stored as the JSON that it is: %j', (value) => {
    expect(serialize(value, 'values.x')).toBe(JSON.stringify(value));
    expect(roundTrip(value)).toEqual(value);
  });

  it('is not asked for toJSON', () => {
    class Money {
      toJSON(): string {
        throw new Error('must not be called');
      }
    }
    expect(() => serialize(new Money(), 'values.x')).toThrow(/not registered/);
    const date = Object.defineProperty(new Date(5), 'toJSON', { value: () => 'x' });
    expect(roundTrip(date)).toEqual(new Date(5));
  });
});

describe('a value that JSON has no form for', () => {
  it.each<[string, unknown, string]>([
    ['undefined', undefined, '{"$undefined":0}'],
    ['NaN', NaN, '{"$number":"NaN"}'],
    ['Infinity', Infinity, '{"$number":"Infinity"}'],
    ['-Infinity', -Infinity, '{"$number":"-Infinity"}'],
    ['-0', -0, '{"$number":"-0"}'],
    ['a bigint', -12345678901234567890n, '{"$bigint":"-12345678901234567890"}'],
    ['a date', new Date(1700000000000), '{"$date":1700000000000}'],
    ['a date before 1970', new Date(-1), '{"$date":-1}'],
    ['a map', new Map<unknown, unknown>([['k', new Date(1)]]), '{"$map":[["k",{"$date":1}]]}'],
    ['a set', new Set<unknown>([1, 'a', undefined]), '{"$set":[1,"a",{"$undefined":0}]}'],
    ['a buffer', Buffer.from('hi'), '{"$buffer":"aGk="}'],
    [
      'a URL',
      new URL('https://user@example.org/a?b=c#d'),
      '{"$url":"https://user@example.org/a?b=c#d"}',
    ],
    ['bytes', new Uint8Array([1, 2]), '{"$bytes":["Uint8Array","AQI="]}'],
    ['16-bit numbers', new Uint16Array([1, 2]), '{"$bytes":["Uint16Array","AQACAA=="]}'],
  ])('comes back as it was: %s', (_, value, text) => {
    expect(serialize(value, 'values.x')).toBe(text);
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('comes back as it was: an invalid date', () => {
    expect(serialize(new Date(NaN), 'values.x')).toBe('{"$date":null}');
    expect(roundTrip(new Date(NaN)).getTime()).toBeNaN();
  });

  it('comes back as it was: an object without a prototype', () => {
    const value = Object.assign(Object.create(null), { a: 1, at: new Date(1), ['__proto__']: 2 });
    expect(serialize(value, 'values.x')).toBe('{"$null":{"a":1,"at":{"$date":1},"__proto__":2}}');
    const back = roundTrip(value);
    expect(Object.getPrototypeOf(back)).toBeNull();
    expect(Object.keys(back)).toEqual(['a', 'at', '__proto__']);
  });

  it.each([
    new Int8Array([-1, 2]),
    new Uint8ClampedArray([1, 255]),
    new Int16Array([-300]),
    new Int32Array([-70000]),
    new Uint32Array([4e9]),
    new Float32Array([0.5, NaN, -0]),
    new Float64Array([Math.PI, -Infinity]),
    new BigInt64Array([-(2n ** 63n)]),
    new BigUint64Array([2n ** 64n - 1n]),
    new Float64Array(0),
  ])('comes back as it was: %p', (value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('is stored with no more bytes than it shows of its buffer', () => {
    const secret = new Uint32Array([1, 2, 3, 4]);
    const back = roundTrip(secret.subarray(1, 3));
    expect([...back]).toEqual([2, 3]);
    expect(back.buffer.byteLength).toBe(8);
    expect(roundTrip(Buffer.from('a secret').subarray(2, 4)).toString()).toBe('se');
  });

  it('keeps its place at any depth, beside what is plain', () => {
    const value = {
      list: [new Map([[{ at: new Date(1) }, new Set([[1n]])]]), undefined, -0, [NaN]],
      undefinedToo: undefined,
      plain: [{ a: [1, 2] }],
    };
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('reads undefined where a list has a hole', () => {
    // oxlint-disable-next-line no-sparse-arrays
    expect(roundTrip([1, , 3])).toStrictEqual([1, undefined, 3]);
  });

  it('is stored twice where it is referred to twice', () => {
    const shared = { at: new Date(1) };
    const { a, b } = roundTrip({ a: shared, b: shared });
    expect(a).toEqual(shared);
    expect(b).toEqual(a);
    expect(b).not.toBe(a);
  });

  it('is written like one of ours where it comes from another realm', () => {
    const foreign = runInNewContext(
      '({ list: [new Date(5)], map: new Map([["k", new Set([1])]]) })',
    );
    expect(roundTrip(foreign)).toStrictEqual({
      list: [new Date(5)],
      map: new Map([['k', new Set([1])]]),
    });
    expect(roundTrip(runInNewContext('new Uint16Array([1, 2])'))).toEqual(new Uint16Array([1, 2]));
  });
});

describe('an object that looks like a tag', () => {
  it.each<[object, string]>([
    [{ $date: 5 }, '{"$":{"$date":5}}'],
    [{ '@User': { name: 'x' } }, '{"$":{"@User":{"name":"x"}}}'],
    [{ $: { $: 1 } }, '{"$":{"$":{"$":{"$":1}}}}'],
    [{ '@': new Date(5) }, '{"$":{"@":{"$date":5}}}'],
    [{ $a: 1, b: 2 }, '{"$a":1,"b":2}'],
    [{ $date: 1, $map: 2 }, '{"$date":1,"$map":2}'],
  ])('is an object all the same: %j', (value, text) => {
    for (const [whole, wholeText] of [
      [value, text],
      [[{ in: value }], `[{"in":${text}}]`],
    ] as const) {
      expect(serialize(whole, 'values.x')).toBe(wholeText);
      expect(roundTrip(whole)).toStrictEqual(whole);
    }
  });

  it('is a string where it stands in a string', () => {
    const value = { text: '{"$date":5}', '{"@User': '{"@User":{}}' };
    expect(roundTrip(value)).toStrictEqual(value);
  });
});

describe('a key with a meaning elsewhere', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'id',
    'save',
  ];

  it.each(NAMES)('is data: %s', (name) => {
    for (const value of [1, { polluted: true }, new Date(1), { deep: [new Map()] }]) {
      const object = JSON.parse(`{"${name}":0,"beside":0}`);
      Object.defineProperty(object, name, { value, enumerable: true, writable: true });
      for (const whole of [object, { in: [object, new Date(1)] }, new Map([['k', object]])]) {
        const back = roundTrip(whole);
        expect(serialize(back, 'values.x')).toBe(serialize(whole, 'values.x'));
        // Jest's own equality asks for the constructor.
        expect(isDeepStrictEqual(back, whole)).toBe(true);
      }
      const back = roundTrip(object);
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      expect(Object.getOwnPropertyDescriptor(back, name)?.value).toStrictEqual(value);
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('pollutes no prototype, whatever the text says', () => {
    for (const text of [
      '{"__proto__":{"polluted":{"$date":1}}}',
      '{"constructor":{"prototype":{"polluted":{"$date":1}}}}',
      '{"$null":{"__proto__":{"polluted":{"$date":1}}}}',
      '{"$":{"__proto__":{"polluted":{"$date":1}}}}',
      '{"$map":[["__proto__",{"polluted":{"$date":1}}]]}',
      '{"a":{"@__proto__":{"polluted":1}}}',
      '{"a":{"@constructor":{"polluted":1}}}',
      '{"a":{"$__proto__":{"polluted":1}}}',
      '{"$bytes":["constructor","AA=="]}',
      '{"$bytes":["__proto__","AA=="]}',
    ]) {
      revive(text);
      revive(`[${text}]`);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(([] as unknown as Record<string, unknown>).polluted).toBeUndefined();
    }
  });
});
