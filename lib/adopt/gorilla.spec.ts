/** Sessions of gorilla/sessions without Go: what it once wrote, and whatever else comes in. */
import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { registerSessionType } from '../values/type-registry.js';
import { SessionError } from '../session.errors.js';
import { fromGorilla } from './from-gorilla.js';
import { decodeGob } from './gorilla/gob-decoder.js';
import { GobFault } from './gorilla/gob-reader.js';
import { keyPairs, openCookie, sealCookie } from './gorilla/secure-cookie.js';
import { toGorilla } from './to-gorilla.js';

const written = JSON.parse(readFileSync('test/fixtures/written-by-go.json', 'utf8')) as {
  name: string;
  hashKey: string;
  blockKey: string;
  cookies: Record<string, string>;
};
const { name, hashKey, blockKey, cookies } = written;

const open = (cookie: string, options: object = {}) =>
  fromGorilla({ name, hashKey, maxAge: 0, ...options }).adopt((asked) =>
    asked === name ? [cookie] : [],
  );

/** The gob in a cookie, also in one longer than a browser keeps. */
function gobIn(set: string): Buffer {
  const keys = set === 'signed in' ? { hashKey, blockKey } : { hashKey };
  return openCookie(name, cookies[set], keyPairs('test', keys), 0)!.payload;
}

const OUTCOMES = ['value', 'fault'];

/** What decoding ends in: a value or a fault, and nothing else. */
function outcome(bytes: Buffer): 'value' | 'fault' {
  try {
    decodeGob(bytes);
    return 'value';
  } catch (error) {
    if (!(error instanceof GobFault)) throw error;
    return 'fault';
  }
}

describe('a session that Go wrote', () => {
  it('is opened, structs as plain objects where no class is registered for them', async () => {
    const { values } = (await open(cookies['signed in'], { blockKey }))!;
    expect({ ...values }).toMatchObject({
      user: {
        Name: 'Péter',
        Age: 42,
        Born: new Date('1984-02-29T11:30:15.678Z'),
        Before: [{ City: 'Lyon' }, { City: '' }],
        Next: { Name: 'Next', Admin: false },
      },
      home: { City: 'Rome' },
      _flash: ['welcome!'],
    });
  });

  it.each(['complex', 'numbered', 'binary'])('is an error where it is %s', async (set) => {
    await expect(open(cookies[set])).rejects.toBeInstanceOf(SessionError);
    await expect(open(cookies[set])).rejects.toMatchObject({ code: 'SESSION_INVALID' });
  });

  it('has expired after its maximal age, which is 30 days', async () => {
    const cookie = toGorilla({ name, hashKey }).write({ a: 1 });
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now');
    try {
      const day = 24 * 3600 * 1000;
      clock.mockReturnValue(now + 30 * day - 2000);
      expect(await open(cookie, { maxAge: undefined })).toBeDefined();
      clock.mockReturnValue(now + 30 * day + 2000);
      expect(await open(cookie, { maxAge: undefined })).toBeUndefined();
      expect(await open(cookie, { maxAge: 0 })).toBeDefined();
    } finally {
      clock.mockRestore();
    }
  });
});

describe('what does not verify', () => {
  const cookie = toGorilla({ name, hashKey, blockKey }).write({ user: 'peter' });
  const opened = (text: string) => open(text, { blockKey });

  it('is no session where a single bit was flipped (statement 6)', async () => {
    const { fingerprint } = (await opened(cookie))!;
    for (let at = 0; at < cookie.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64]) {
        const flipped = String.fromCharCode(cookie.charCodeAt(at) ^ bit);
        const session = await opened(cookie.slice(0, at) + flipped + cookie.slice(at + 1));
        // The last character of base64 has bits that stand for nothing.
        expect(session?.fingerprint ?? fingerprint).toBe(fingerprint);
      }
    }
  });

  it('is no session where the value is nonsense, and no error (statement 7)', async () => {
    const bad = [
      '',
      '=',
      '====',
      '||',
      'fHw=',
      '{}',
      '__proto__',
      '%00',
      'Jos\u00e9',
      cookie + cookie,
    ];
    for (const one of [...bad, cookie.slice(4), cookie.slice(0, -4), 'A'.repeat(100_000)]) {
      expect(await opened(one)).toBeUndefined();
    }
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await opened(text)).toBeUndefined();
        expect(await opened(Buffer.from(text).toString('base64url'))).toBeUndefined();
      }),
    );
  });

  it('is no session under another name (statement 9)', async () => {
    const other = fromGorilla({ name: 'b', hashKey, blockKey });
    expect(await other.adopt(() => [cookie])).toBeUndefined();
  });

  it('is no session under another key, and falls back to none (statement 12)', async () => {
    expect(await open(cookie, { hashKey: 'another' })).toBeUndefined();
    expect(
      await open(cookie, { hashKey: ['another', hashKey], blockKey: [undefined, blockKey] }),
    ).toBeDefined();
    // What was authenticated is read by the key of the same pair, and by no other.
    const mixed = await open(cookie, { blockKey: 'f'.repeat(32) }).catch((error: unknown) => error);
    expect(mixed === undefined || mixed instanceof SessionError).toBe(true);
  });
});

describe('the gob of a session', () => {
  it('comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: 'grapheme' }), sayable()),
        async (values) => {
          let cookie: string;
          try {
            cookie = toGorilla({ name, hashKey, blockKey }).write(values);
          } catch (error) {
            expect(error).toMatchObject({ code: 'SESSION_TOO_LARGE' });
            return;
          }
          const session = (await open(cookie, { blockKey }))!;
          expect({ ...session.values }).toEqual(values);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is a value or a fault, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(OUTCOMES).toContain(outcome(Buffer.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['signed in', 'everything', 'deep'])('is so after any change to %s', (set) => {
    const gob = gobIn(set);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(gob.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(gob.length),
        (changes, end) => {
          const changed = Buffer.from(gob);
          for (const [at, byte] of changes) changed[at] = byte;
          expect(OUTCOMES).toContain(outcome(changed));
          expect(OUTCOMES).toContain(outcome(changed.subarray(0, end)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('sets nothing aside for what is only announced', () => {
    const huge = Buffer.from([0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    // map[interface{}]interface{} with 2^63 - 1 entries; a string of as many bytes.
    const map = gobIn('nothing').subarray(0, -1);
    for (const bytes of [
      Buffer.concat([map, huge]),
      Buffer.concat([map, Buffer.from([1]), huge]),
    ]) {
      expect(() => decodeGob(bytes)).toThrow(/cut short/);
    }
  });

  it('is bounded where a few bytes stand for many zeros', () => {
    // A struct of 100 integers, and a slice with 3000 of it that have no field set.
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`F${i}`, 'int']));
    const types = { 'main.Wide': { fields }, 'main.All': { fields: { All: '[]main.Wide' } } };
    class All {
      All = Array.from({ length: 3000 }, () => ({}));
    }
    registerSessionType(All, { name: 'main.All' });
    const failed = () => toGorilla({ name, hashKey, types }).write({ all: new All() });
    expect(failed).toThrow(expect.objectContaining({ code: 'SESSION_TOO_LARGE' }));
    const gob = wideGob();
    const start = performance.now();
    expect(() => decodeGob(gob)).toThrow(/too many values/);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

/** A definition of a struct with 100 fields, and a slice of 3000 such that are zero. */
function wideGob(): Buffer {
  const field = Buffer.from([1, 1, 0x41, 1, 4, 0]);
  const message = (bytes: Buffer) =>
    Buffer.concat([Buffer.from([0xfe, bytes.length >> 8, bytes.length & 255]), bytes]);
  const struct = Buffer.concat([
    Buffer.from([0xff, 0x81, 3, 1, 2, 0xff, 0x82, 0, 1, 100]),
    ...Array.from({ length: 100 }, () => field),
    Buffer.from([0, 0]),
  ]);
  const slice = Buffer.from([0xff, 0x83, 2, 1, 2, 0xff, 0x84, 0, 1, 0xff, 0x82, 0, 0]);
  const value = Buffer.concat([
    Buffer.from([0xff, 0x84, 0, 0xfe, 3000 >> 8, 3000 & 255]),
    Buffer.alloc(3000),
  ]);
  return Buffer.concat([struct, slice, value].map(message));
}

/** What gob says and JavaScript has, and comes back as the same type. */
function sayable(): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
      fc.bigInt(-(2n ** 63n), -(2n ** 53n)),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('tree'), { maxKeys: 3 }),
      fc
        .array(fc.tuple(fc.integer(), tie('tree')), { minLength: 1, maxLength: 3 })
        .map((pairs) => new Map(pairs)),
    ),
  }));
  return tree;
}

describe('what gob cannot say', () => {
  class User {
    Name: unknown = 'Peter';
    Extra?: unknown;
  }
  class Stranger {
    a = 1;
  }
  registerSessionType(User, { name: 'main.Person' });
  registerSessionType(Stranger, { name: 'stranger' });
  const types = { 'main.Person': { fields: { Name: 'string', Level: 'int8', Grid: '[2]int' } } };
  const person = (fields: object) => Object.assign(new User(), fields);

  it.each<[string, unknown, RegExp]>([
    [
      'a URL',
      { a: [new URL('http://a.b')] },
      /^values\.v\.a\[0\] is a url, for which gob has no type/,
    ],
    ['a Set', new Set([1]), /^values\.v is a set, for which/],
    ['a wide typed array', new Uint16Array(2), /^values\.v is no \[\]byte/],
    ['an invalid Date', new Date(NaN), /^values\.v is an invalid Date/],
    ['a bigint of 65 bits', 2n ** 64n, /^values\.v does not fit a uint of 64 bits/],
    ['half a pair', { a: '\ud800' }, /^values\.v\.a has half a surrogate pair/],
    [
      'a class that types does not name',
      new Stranger(),
      /^values\.v is an instance of the session type "stranger"/,
    ],
    [
      'a field that the struct does not have',
      [person({ Extra: 1 })],
      /^values\.v\[0\]\.Extra is no field of main\.Person/,
    ],
    ['a field of another type', person({ Name: 5 }), /^values\.v\.Name is no string/],
    [
      'an integer too large',
      person({ Level: 128 }),
      /^values\.v\.Level does not fit an int of 8 bits/,
    ],
    ['an array of another length', person({ Grid: [1] }), /^values\.v\.Grid has 1 elements/],
    ['the value of a map', new Map([[1, new Set()]]), /^values\.v\.values\(\)\[0\] is a set/],
  ])('is an error that says where: %s', (_title, v, message) => {
    const write = () => toGorilla({ name, hashKey, types }).write({ v });
    expect(write).toThrow(SessionError);
    expect(write).toThrow(expect.objectContaining({ code: 'SESSION_UNSERIALIZABLE' }));
    expect(write).toThrow(message);
  });
});

describe('wrong options', () => {
  class Unregistered {
    a = 1;
  }

  it.each<[string, () => unknown, RegExp]>([
    ['no key', () => fromGorilla({ name, hashKey: '' }), /hashKey has to be a key/],
    ['an empty list', () => fromGorilla({ name, hashKey: [] }), /hashKey is an empty list/],
    [
      'a short block key',
      () => toGorilla({ name, hashKey, blockKey: 'short' }),
      /16, 24 or 32 bytes/,
    ],
    [
      'lists that do not fit',
      () => fromGorilla({ name, hashKey: ['a', 'b'], blockKey }),
      /as many places/,
    ],
    ['no name', () => fromGorilla({ name: 'a;b', hashKey }), /name has to be/],
    ['a path with a semicolon', () => fromGorilla({ name, hashKey, path: '/;' }), /path has to be/],
    [
      'an unknown type',
      () => toGorilla({ name, hashKey, types: { 'main.A': { fields: { B: 'chan int' } } } }),
      /main\.A\.B has the type "chan int"/,
    ],
    [
      'a class that is not registered',
      () => fromGorilla({ name, hashKey, types: { 'main.A': { class: Unregistered } } }),
      /is not registered/,
    ],
  ])('are an error at boot: %s', (_title, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    expect(make).toThrow(message);
  });

  it('never quotes a key', () => {
    const make = () => fromGorilla({ name, hashKey, blockKey: 'not so long a key' });
    expect(make).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('not so') }),
    );
  });
});

it('a cookie is sealed as Go seals it: by the date, and with base64 that is padded', () => {
  const pairs = keyPairs('test', { hashKey });
  const cookie = sealCookie(name, Buffer.from('x'), pairs);
  expect(Buffer.from(cookie, 'base64url').toString('latin1')).toMatch(/^\d{10}\|eA==\|/);
  expect(cookie.length % 4).toBe(0);
});
