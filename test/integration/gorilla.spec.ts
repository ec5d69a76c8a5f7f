/** Sessions of gorilla/sessions: what real Go writes is opened here, and what is written here Go reads. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Expose, Type } from 'class-transformer';
import { registerSessionType, SessionError, SessionType } from 'nestjs-typed-session';
import { fromGorilla, toGorilla, type GorillaTypes } from 'nestjs-typed-session/adopt';
import { sessionValues } from '../../lib/adopt/gorilla/decoded-values.js';
import { decodeGob } from '../../lib/adopt/gorilla/gob-decoder.js';
import { keyPairs, openCookie } from '../../lib/adopt/gorilla/secure-cookie.js';
import { DEFAULT_RULES } from '../../lib/values/value-rules.js';
import { describeWithGorilla, GoProgram } from '../support/go-program.js';
import { ROOT } from '../support/readme.js';

@SessionType('main.Address')
class Address {
  @Expose({ name: 'City' }) city!: string;
  @Expose({ name: 'Zip' }) zip!: string;
  line() {
    return `${this.zip} ${this.city}`;
  }
}

@SessionType('main.User')
class User {
  @Expose({ name: 'Name' }) name!: string;
  @Expose({ name: 'Age' }) age!: number;
  @Expose({ name: 'Admin' }) admin!: boolean;
  @Expose({ name: 'Score' }) score!: number;
  @Expose({ name: 'Born' }) born?: Date;
  @Expose({ name: 'Address' }) @Type(() => Address) address?: Address;
  @Expose({ name: 'Before' }) before: Address[] = [];
  @Expose({ name: 'Tags' }) tags: string[] = [];
  @Expose({ name: 'Rooms' }) rooms: Record<string, number> = {};
  @Expose({ name: 'Any' }) any?: unknown;
  @Expose({ name: 'Next' }) next?: User;
  greet() {
    return `Hi ${this.name}`;
  }
}

class Point {
  X = 0;
  Y = 0;
}
registerSessionType(Point, { name: 'point' });

const TYPES: GorillaTypes = {
  'main.User': {
    fields: {
      Name: 'string',
      Age: 'int',
      Admin: 'bool',
      Score: 'float64',
      Born: 'time.Time',
      Address: 'main.Address',
      Before: '[]main.Address',
      Tags: '[]string',
      Rooms: 'map[string]int',
      Any: 'interface{}',
      Next: '*main.User',
    },
  },
  '*main.Address': { class: Address, fields: { City: 'string', Zip: '*string' } },
  'main.Plain': { class: Point, fields: { X: 'int8', Y: 'int8', Grid: '[2][2]uint16' } },
};

const NAME = 'app_session';
const hash = randomBytes(64);
const block = randomBytes(32);
const older = randomBytes(32);
const hex = (...keys: (Buffer | undefined)[]) => keys.map((key) => key?.toString('hex') ?? '');

/** Go sends an array even where all of its elements are zero. */
const NO_GRID = [
  [0, 0],
  [0, 0],
];

/** How each application is given its keys: the one in Go, and ours. */
const KEYS = [
  { title: 'without a block key', go: hex(hash), ours: { hashKey: hash } },
  { title: 'with a block key', go: hex(hash, block), ours: { hashKey: hash, blockKey: block } },
  {
    title: 'with AES-128',
    go: hex(hash, block.subarray(0, 16)),
    ours: { hashKey: hash, blockKey: block.subarray(0, 16) },
  },
  {
    title: 'with a rotated key on our side',
    go: hex(older, block),
    ours: { hashKey: [hash, older], blockKey: [undefined, block] },
  },
] as const;

describeWithGorilla('sessions of gorilla/sessions', () => {
  let program: GoProgram;
  beforeAll(() => {
    program = GoProgram.start(join(ROOT, 'test/integration/gorilla'));
  });
  afterAll(() => program.stop());

  const write = async (set: string, keys: readonly string[] = hex(hash)) => {
    const answer = await program.ask<{ cookie: string }>({ keys, name: NAME, do: 'write', set });
    return answer.cookie;
  };
  const read = (cookie: string, keys: readonly string[] = hex(hash)) =>
    program.ask<{ isNew: boolean; values: Record<string, string>; error?: string }>({
      keys,
      name: NAME,
      do: 'read',
      cookie,
    });
  const open = (cookie: string, options: object = { hashKey: hash }) =>
    fromGorilla({ name: NAME, hashKey: hash, ...options }).adopt((name) =>
      name === NAME ? [cookie] : [],
    );

  describe.each(KEYS)('$title', ({ go, ours }) => {
    it('opens what Go wrote, structs as instances of their classes and flashes as flashes', async () => {
      const { values } = (await open(await write('signed in', go), ours))!;
      const user = values.user as User;
      expect(user).toBeInstanceOf(User);
      expect(user.greet()).toBe('Hi Péter');
      expect(user.address!.line()).toBe('75001 Paris');
      expect(user).toEqual(
        Object.assign(new User(), {
          name: 'Péter',
          age: 42,
          admin: true,
          score: 1.5,
          born: new Date('1984-02-29T11:30:15.678Z'),
          address: address('Paris', '75001'),
          before: [address('Lyon', ''), address('', '')],
          tags: ['a', 'b'],
          rooms: { blue: 1 },
          any: address('Nice', ''),
          next: expect.objectContaining({ name: 'Next', age: 0, admin: false, tags: [] }),
        }),
      );
      for (const nested of [...user.before, user.any, values.home]) {
        expect(nested).toBeInstanceOf(Address);
      }
      expect(user.next).toBeInstanceOf(User);
      expect(values['_flash']).toEqual(['welcome!']);
      expect(values.username_flash).toEqual(['peter']);
    });

    it('writes what Go reads', async () => {
      const newest = Array.isArray(ours.hashKey) ? hex(hash) : go;
      const { values } = (await open(await write('signed in', go), ours))!;
      const cookie = toGorilla({ name: NAME, ...ours, types: TYPES }).write(values);
      const there = await read(cookie, newest);
      expect(there).toMatchObject({ isNew: false });
      expect(JSON.parse(there.values.user)).toMatchObject({
        Name: 'Péter',
        Age: 42,
        Admin: true,
        Score: 1.5,
        Born: '1984-02-29T11:30:15.678Z',
        Address: { City: 'Paris', Zip: '75001' },
        Before: [{ City: 'Lyon' }, { City: '' }],
        Tags: ['a', 'b'],
        Rooms: { blue: 1 },
        Any: { City: 'Nice' },
        Next: { Name: 'Next' },
      });
      expect(there.values.home).toMatch(/^\*main\.Address &{City:Rome /);
      expect(there.values['_flash']).toBe('[]interface {} [welcome!]');
    });
  });

  it('opens everything that encoding/gob writes for a map of registered values', async () => {
    const values = valuesIn(await write('everything'));
    expect(Object.getPrototypeOf(values)).toBeNull();
    expect({ ...values }).toEqual({
      bool: true,
      false: false,
      int: -42,
      int8: -128,
      int64: -(2n ** 63n),
      uint8: 255,
      uint64: 2n ** 64n - 1n,
      float32: 0.5,
      float64: 1e300,
      nan: NaN,
      infinity: -Infinity,
      string: 'šé\0😀',
      empty: '',
      bytes: Buffer.from([0, 1, 255]),
      ints: [1, -1, 2 ** 40],
      strings: ['a', ''],
      array: [1, 0, 3],
      list: [
        1,
        'two',
        null,
        [3.5],
        { X: 1, Y: 0, Grid: NO_GRID },
        expect.objectContaining({ name: 'in a list', age: 0 }),
      ],
      map: { a: 1, b: JSON.parse('{"__proto__":"x"}') },
      mixed: new Map<unknown, unknown>([
        [1, 'one'],
        ['two', 2],
      ]),
      numbered: new Map([[7, 'seven']]),
      time: new Date('2026-01-01T00:00:00Z'),
      'zero time': new Date('0001-01-01T00:00:00Z'),
      plain: {
        X: -1,
        Y: 2,
        Grid: [
          [1, 2],
          [3, 65535],
        ],
      },
      plains: [
        { X: 1, Y: 0, Grid: NO_GRID },
        { X: 0, Y: 0, Grid: NO_GRID },
      ],
      level: 'gold',
      ['__proto__']: 'a value',
      constructor: 'another',
    });
    expect(values.__proto__).toBe('a value');
  });

  it('writes every value of JavaScript that gob can say', async () => {
    const point = Object.assign(new Point(), { X: 1, Y: -2 });
    const values = {
      nothing: null,
      undefined,
      yes: true,
      text: 'š😀',
      whole: -7,
      large: 2 ** 53,
      broken: 0.25,
      zero: -0,
      infinite: Infinity,
      small: -(2n ** 63n),
      big: 2n ** 64n - 1n,
      bytes: Buffer.from([0, 255]),
      more: new Uint8Array([7]),
      when: new Date('2026-01-02T03:04:05.678Z'),
      before: new Date('1969-12-31T23:59:59.001Z'),
      list: [1, 'a', [null]],
      object: { a: { b: 1 } },
      likeATag: { $date: 'x' },
      map: new Map<unknown, unknown>([[1, 'one']]),
      point,
    };
    const there = await read(toGorilla({ name: NAME, hashKey: hash, types: TYPES }).write(values));
    expect(there.error).toBeUndefined();
    expect(there.values).toEqual({
      nothing: '<nil> <nil>',
      undefined: '<nil> <nil>',
      yes: 'bool true',
      text: 'string š😀',
      whole: 'int -7',
      large: 'float64 9.007199254740992e+15',
      broken: 'float64 0.25',
      zero: 'float64 -0',
      infinite: 'float64 +Inf',
      small: 'int64 -9223372036854775808',
      big: 'uint64 18446744073709551615',
      bytes: '[]uint8 [0 255]',
      more: '[]uint8 [7]',
      when: 'time.Time 2026-01-02 03:04:05.678 +0000 UTC',
      before: 'time.Time 1969-12-31 23:59:59.001 +0000 UTC',
      list: '[]interface {} [1 a [<nil>]]',
      object: 'map[string]interface {} map[a:map[b:1]]',
      likeATag: 'map[string]interface {} map[$date:x]',
      map: 'map[interface {}]interface {} map[1:one]',
      point: 'main.Plain {X:1 Y:-2 Grid:[[0 0] [0 0]]}',
    });
  });

  it.each([
    ['complex', /complex number, for which there is no value/],
    ['numbered', /is no map from text to values/],
    ['binary', /string that is not UTF-8/],
  ])('says why a verified session cannot be adopted: %s', async (set, message) => {
    const failure = await open(await write(set)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionError);
    expect(failure).toMatchObject({
      code: 'SESSION_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('bounds how deep values lie', async () => {
    // More than a browser keeps, so that it does not come in by the cookie.
    const cookie = await write('deep');
    expect(await open(cookie)).toBeUndefined();
    expect(() => valuesIn(cookie)).toThrow(/lies too deep/);
  });

  it('opens a session without values', async () => {
    expect({ ...(await open(await write('nothing')))!.values }).toEqual({});
  });

  it('is refused by Go under another name, and with another key', async () => {
    const cookie = toGorilla({ name: 'other', hashKey: hash }).write({ a: 1 });
    expect((await read(cookie)).error).toMatch(/not valid/);
    const foreign = toGorilla({ name: NAME, hashKey: older }).write({ a: 1 });
    expect((await read(foreign)).error).toMatch(/not valid/);
  });
});

/** Without the bound that browsers set for a cookie. */
function valuesIn(cookie: string): Record<string, unknown> {
  const { payload } = openCookie(NAME, cookie, keyPairs('test', { hashKey: hash }), 0)!;
  return sessionValues(decodeGob(payload), () => undefined, DEFAULT_RULES);
}

function address(city: string, zip: string): Address {
  return Object.assign(new Address(), { city, zip });
}
