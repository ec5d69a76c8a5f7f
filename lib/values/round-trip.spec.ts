import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { SessionError } from '../session.errors.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';

class Point {
  x: unknown = 0;
  y: unknown = 0;
}
class Pair {
  constructor(
    readonly left: unknown,
    readonly right: unknown,
  ) {}
}
registerSessionTypes(Point);
registerSessionType(Pair, {
  name: 'round-trip.spec/Pair',
  serialize: ({ left, right }) =>
    new Map([
      ['left', left],
      ['right', right],
    ]),
  revive: (stored: Map<string, unknown>) => new Pair(stored.get('left'), stored.get('right')),
});

const key = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Lone surrogates too.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'id',
    'save',
    'toJSON',
    '',
  ),
  fc.constantFrom(
    '$',
    '@',
    '$date',
    '$map',
    '$set',
    '$null',
    '$undefined',
    '@Point',
    '@round-trip.spec/Pair',
    '0',
    '-0',
  ),
);

const leaf = fc.oneof(
  key,
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom<unknown>(null, undefined, NaN, -0, Infinity, -Infinity),
  fc.date({ noInvalidDate: false }),
  fc.webUrl().map((text) => new URL(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.oneof(
    fc.uint8Array(),
    fc.int16Array(),
    fc.uint32Array(),
    fc.float32Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
    fc.bigUint64Array(),
    fc.uint8ClampedArray(),
  ),
);

const objectOf = (entries: [string, unknown][], prototype: object | null): object => {
  const object = Object.create(prototype) as object;
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
};

const { storable } = fc.letrec<{ storable: unknown }>((tie) => {
  const fields = fc.array(fc.tuple(key, tie('storable')), { maxLength: 4 });
  return {
    storable: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.array(tie('storable'), { maxLength: 4 }),
      fields.map((entries) => objectOf(entries, Object.prototype)),
      fields.map((entries) => objectOf(entries, null)),
      fields.map((entries) => objectOf(entries, Point.prototype)),
      fc.tuple(tie('storable'), tie('storable')).map(([left, right]) => new Pair(left, right)),
      fc
        .array(fc.tuple(tie('storable'), tie('storable')), { maxLength: 4 })
        .map((entries) => new Map(entries)),
      fc.array(tie('storable'), { maxLength: 4 }).map((elements) => new Set(elements)),
    ),
  };
});

/** As it is once read: `new` has given a Point its fields. */
const withInitialisers = (value: unknown): string => serialize(revive(serialize(value, 'v')), 'v');

describe('any value that can be stored', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(storable, (value) => {
        const text = serialize(value, 'values.x');
        const back = revive(text);
        // A second trip changes nothing, and the first one only what initialisers add.
        expect(serialize(back, 'values.x')).toBe(withInitialisers(back));
        expect(text).not.toMatch(/[\n\r]/);
        if (!text.includes('"@Point"')) {
          expect(serialize(back, 'values.x')).toBe(text);
          expect(isDeepStrictEqual(back, value)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is JSON and nothing else where it is plain', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(isDeepStrictEqual(revive(serialize(plain, 'values.x')), plain)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

const TAGS = [
  '$',
  '$date',
  '$map',
  '$set',
  '$bigint',
  '$buffer',
  '$bytes',
  '$url',
  '$undefined',
  '$number',
  '$null',
  '$later',
  '@Point',
  '@round-trip.spec/Pair',
  '@Gone',
  '@',
  '@__proto__',
];

/** JSON full of tags, whole and damaged. */
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<unknown>(
      'x',
      'AA==',
      1e300,
      -1,
      0.5,
      8.64e15,
      '1',
      'NaN',
      'Uint8Array',
      'a:b',
      null,
    ),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.tuple(tie('node'), tie('node')).map((pair) => [pair]),
    fc
      .array(fc.tuple(key, tie('node')), { maxLength: 3 })
      .map((entries) => objectOf(entries, Object.prototype)),
    fc.tuple(fc.constantFrom(...TAGS), tie('node')).map(([tag, payload]) => ({ [tag]: payload })),
  ),
}));

describe('any text', () => {
  it('is read without an exception, and what it gives can be written again', () => {
    fc.assert(
      fc.property(node, (stored) => {
        const text = JSON.stringify(stored);
        const value = revive(text);
        expect({}).not.toHaveProperty('polluted');
        if (value === UNKNOWN) return;
        const written = serialize(value, 'values.x');
        // What was read once is read the same again.
        expect(serialize(revive(written), 'values.x')).toBe(written);
      }),
      { numRuns: 1500 },
    );
  });

  it('is read without an exception though it is no JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{"$', '{"@', '[{"$date":')),
        (text) => {
          expect(() => revive(text)).not.toThrow();
        },
      ),
    );
  });

  it('is written, or refused with an error of ours, whatever the value is', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withBoxedValues: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withObjectString: true,
          withSet: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        (value) => {
          try {
            revive(serialize(value, 'values.x'));
          } catch (error) {
            expect(error).toBeInstanceOf(SessionError);
            expect((error as Error).message).toMatch(/^values\.x/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
