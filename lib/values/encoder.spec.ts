import { runInNewContext } from 'node:vm';
import { countCpuTime } from '../../test/support/cpu-time.js';
import { SessionError } from '../session.errors.js';
import { serialize } from './serializer.js';
import { registerSessionType } from './type-registry.js';

function refusal(value: unknown): SessionError {
  try {
    serialize(value, 'values.cart');
  } catch (error) {
    expect(error).toBeInstanceOf(SessionError);
    return error as SessionError;
  }
  throw new Error('It was stored.');
}

const circular = (): object => {
  const value: Record<string, any> = { a: { b: {} } };
  value['a'].b.c = value['a'];
  return value;
};

const circularList = (): unknown[] => {
  const list: unknown[] = [];
  list.push(list, list);
  return list;
};

const nested = (depth: number): object => {
  let value = {};
  for (let level = 0; level < depth; level++) value = { in: value };
  return value;
};

const listOf = (length: number, element?: number): unknown[] => {
  const elements: unknown[] = [];
  elements.length = length;
  return length < 1e6 ? elements.fill(element) : elements;
};

class Unregistered {
  at = 1;
}
class NamedDate extends Date {}
class NamedMap extends Map {}
class NamedList extends Array {}
class Account {
  #balance = 1;
  get balance(): number {
    return this.#balance;
  }
}

describe('a value that cannot be stored', () => {
  const fn = (): void => {};
  it.each<[string, unknown, string]>([
    ['a function', fn, 'values.cart is a function'],
    [
      'a function in a list',
      { items: [1, 2, { onClick: fn }] },
      'values.cart.items[2].onClick is a function',
    ],
    ['a function under an odd key', { 'a-b': [fn] }, 'values.cart["a-b"][0] is a function'],
    ['a toJSON of its own', { toJSON: fn }, 'values.cart.toJSON is a function'],
    ['a class', { cls: Unregistered }, 'values.cart.cls is a function'],
    ['a symbol', { id: Symbol('x') }, 'values.cart.id is a symbol'],
    [
      'a symbol as a key',
      { a: { [Symbol('x')]: 1 } },
      'values.cart.a[Symbol(x)] has a symbol as its key',
    ],
    [
      'a symbol as a key of a list',
      Object.assign([1], { [Symbol('x')]: 1 }),
      'values.cart[Symbol(x)] has a symbol as its key',
    ],
    [
      'a value of a map',
      new Map([['k', new Map([[1, fn]])]]),
      'values.cart.values()[0].values()[0] is a function',
    ],
    [
      'a key of a map',
      {
        m: new Map<unknown, number>([
          ['a', 1],
          [fn, 2],
        ]),
      },
      'values.cart.m.keys()[1] is a function',
    ],
    ['an element of a set', new Set([0, { f: fn }]), 'values.cart[1].f is a function'],
    ['a RegExp', { r: /x/ }, 'values.cart.r is a RegExp'],
    [
      'a date with a name',
      { d: Object.assign(new Date(1), { note: 'x' }) },
      'values.cart.d.note is a named property of a Date',
    ],
    [
      'a date with a function',
      Object.assign(new Date(1), { toJSON: fn }),
      'values.cart.toJSON is a named property of a Date',
    ],
    [
      'a map with a name',
      Object.assign(new Map(), { note: 'x' }),
      'values.cart.note is a named property of a Map',
    ],
    [
      'a set with a name',
      Object.assign(new Set(), { 'a-b': 'x' }),
      'values.cart["a-b"] is a named property of a Set',
    ],
    [
      'a URL with a name',
      Object.assign(new URL('a:b'), { note: 'x' }),
      'values.cart.note is a named property of a URL',
    ],
    [
      'a symbol as a key of a date',
      Object.assign(new Date(1), { [Symbol('x')]: 1 }),
      'values.cart[Symbol(x)] has a symbol as its key',
    ],
    [
      'a buffer with a name',
      { b: Object.assign(Buffer.from('x'), { note: 'x' }) },
      'values.cart.b is a Buffer with properties beside its bytes',
    ],
    [
      'a symbol as a key of a buffer',
      Object.assign(Buffer.alloc(0), { [Symbol('x')]: 1 }),
      'values.cart[Symbol(x)] has a symbol as its key',
    ],
    [
      'a typed array with a name',
      Object.assign(new Float32Array([NaN]), { '-1.5x': 'x' }),
      'values.cart is a Float32Array with properties beside its bytes',
    ],
    ['a promise', Promise.resolve(), 'values.cart is a Promise'],
    ['a WeakMap', new WeakMap(), 'values.cart is a WeakMap'],
    ['a WeakSet', new WeakSet(), 'values.cart is a WeakSet'],
    ['an error', { e: new TypeError('x') }, 'values.cart.e is a TypeError'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'values.cart is an ArrayBuffer'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'values.cart is a DataView'],
    ['a boxed number', Object(1), 'values.cart is a boxed Number'],
    ['a boxed string', Object('x'), 'values.cart is a boxed String'],
    ['a boxed bigint', Object(1n), 'values.cart is a boxed BigInt'],
    [
      'a list with a name',
      { l: Object.assign([1], { note: 'x' }) },
      'values.cart.l.note is a named property of an array',
    ],
    [
      'a match of a RegExp',
      'x'.match(/(?<a>x)/),
      'values.cart.groups is a named property of an array',
    ],
    [
      'a list of a class',
      new NamedList(),
      'values.cart is an instance of NamedList, a subclass of Array',
    ],
    [
      'an object made of an object',
      Object.create({ a: 1 }),
      'values.cart is an object with a prototype that is no class',
    ],
    [
      'an iterator',
      new Map().entries(),
      'values.cart is an object with a prototype that is no class',
    ],
    [
      'a generator',
      (function* () {})(),
      'values.cart is an object with a prototype that is no class',
    ],
    [
      'a forged date',
      { d: Object.create(Date.prototype) },
      'values.cart.d could not be stored: its own code threw a TypeError',
    ],
    [
      'a getter that throws',
      {
        a: {
          get b() {
            throw new Error('boo');
          },
        },
      },
      'values.cart.a.b could not be stored: its own code threw an Error',
    ],
    ['a cycle', circular(), 'values.cart.a.b.c is a cycle: it leads back to values.cart.a.'],
    [
      'a list in itself',
      circularList(),
      'values.cart[0] is a cycle: it leads back to values.cart.',
    ],
  ])('is refused with its path: %s', (_, value, message) => {
    const error = refusal(value);
    expect(error.message.startsWith(message)).toBe(true);
    expect(error.code).toBe('SESSION_UNSERIALIZABLE');
    // What it is, and what to do.
    expect(error.message).toMatch(/could not be stored|\. \w/);
  });

  it('is refused whatever lies beside it', () => {
    const beside = { at: new Date(1), list: Array.from({ length: 50 }, (_, id) => ({ id })) };
    expect(refusal({ ...beside, f: [() => 1] }).message).toMatch(
      /^values\.cart\.f\[0\] is a function/,
    );
    expect(refusal([beside, beside, new Set([beside, () => 1])]).message).toMatch(
      /^values\.cart\[2\]\[1\] is a function/,
    );
  });

  it('keeps the error of its own code as the cause', () => {
    const cause = new RangeError('boo');
    class Fails {
      at = 1;
    }
    registerSessionType(Fails, {
      name: 'encoder.spec/Fails',
      serialize: () => {
        throw cause;
      },
      revive: () => new Fails(),
    });
    const error = refusal({ in: [new Fails()] });
    expect(error.message).toMatch(/^values\.cart\.in\[0\] could not be stored: .* a RangeError/);
    expect(error.cause).toBe(cause);
  });

  it('is named without what is stored', () => {
    const secret = '4111-1111';
    const throwing = {
      get card(): unknown {
        return JSON.parse(secret);
      },
    };
    const foreignMap = runInNewContext('new Map([["4111-1111", () => 1]])');
    for (const value of [
      new Map<unknown, unknown>([[secret, fn]]),
      new Map<unknown, unknown>([[{ secret }, new Map([[secret, fn]])]]),
      new Map([[fn, secret]]),
      new Set([secret, fn]),
      Object.assign(new Date(1), { secret }),
      foreignMap,
      throwing,
    ]) {
      expect(refusal(value).message).not.toContain('4111');
    }
    expect(refusal(foreignMap).message).toMatch(/^values\.cart\.values\(\)\[0\] is a function/);
  });

  it('is named in a message that stays short', () => {
    expect(refusal(nested(10_000)).message.length).toBeLessThan(400);
    expect(refusal({ ['k'.repeat(10_000)]: () => 1 }).message.length).toBeLessThan(400);
  });
});

describe('a class that is not registered', () => {
  it('is named, with its path and the remedies', () => {
    const error = refusal({ items: [{ product: new Unregistered() }] });
    expect(error.code).toBe('SESSION_TYPE_UNREGISTERED');
    const [message] = error.message.split(' See https:');
    expect(message).toBe(
      'values.cart.items[0].product is an instance of Unregistered, which is not registered, so it would not come back as one. ' +
        'Put @SessionType() on the class, or call registerSessionTypes(Unregistered), or put @Type(() => Unregistered) on the field that holds it.',
    );
  });

  it.each([new NamedDate(), new NamedMap(), new Account(), new (class extends URL {})('a:b')])(
    'is told to bring a form where its fields are not all: %p',
    (value) => {
      const error = refusal(value);
      expect(error.code).toBe('SESSION_TYPE_UNREGISTERED');
      expect(error.message).toMatch(/registerSessionType\(\w+, \{ serialize, revive \}\)/);
    },
  );
});

describe('a value without bounds', () => {
  const promptly = (value: unknown): string => {
    const time = countCpuTime();
    const { code, message } = refusal(value);
    expect(time()).toBeLessThan(2000);
    expect(code).toBe('SESSION_UNSERIALIZABLE');
    return message;
  };

  it('is refused at once: a list of a billion', () => {
    expect(promptly({ list: listOf(1e9) })).toMatch(
      /^values\.cart\.list goes beyond 100000 values/,
    );
    expect(promptly(listOf(4_294_967_295))).toMatch(/^values\.cart goes beyond/);
  });

  it('is refused at once: 10,000 levels', () => {
    expect(promptly(nested(10_000))).toMatch(/is nested deeper than 100 levels/);
    let list: unknown[] = [];
    for (let level = 0; level < 10_000; level++) list = [new Date(1), list];
    expect(promptly(list)).toMatch(/is nested deeper than 100 levels/);
  });

  it('is refused at once: a few objects that refer to each other many times', () => {
    let value: unknown = 1;
    for (let level = 0; level < 60; level++) value = [value, value];
    expect(promptly(value)).toMatch(/goes beyond 100000 values/);
    let map: unknown = new Date(1);
    for (let level = 0; level < 60; level++)
      map = new Map([
        [1, map],
        [2, map],
      ]);
    expect(promptly(map)).toMatch(/goes beyond 100000 values/);
  });

  it('is refused at once: a cycle beside much data', () => {
    const value: Record<string, unknown> = {
      big: Array.from({ length: 5000 }, (_, id) => ({ id })),
    };
    value['self'] = { value };
    expect(promptly(value)).toMatch(/^values\.cart\.self\.value is a cycle/);
  });

  it('is refused at once: a set or a map of too many', () => {
    expect(promptly(new Set(Array.from({ length: 200_000 }, (_, n) => n)))).toMatch(/goes beyond/);
  });

  it('is refused at once: more bytes than a session is for', () => {
    expect(promptly({ file: Buffer.alloc(17 * 1024 * 1024) })).toMatch(
      /^values\.cart\.file has 17825792 bytes/,
    );
  });

  it('is stored at once: as many bytes as it may have', () => {
    const time = countCpuTime();
    serialize(Buffer.alloc(16 * 1024 * 1024), 'values.x');
    const named = Object.assign(new Uint8Array(16 * 1024 * 1024), { note: 'x' });
    expect(refusal(named).message).toMatch(/beside its bytes/);
    expect(time()).toBeLessThan(2000);
  });

  it('is stored up to the bounds', () => {
    expect(() => serialize(nested(99), 'values.x')).not.toThrow();
    expect(() => refusal(nested(100))).not.toThrow();
    expect(() => serialize(listOf(99_999, 0), 'values.x')).not.toThrow();
    expect(() => serialize(listOf(99_999, undefined), 'values.x')).not.toThrow();
    expect(() => refusal(listOf(100_000, 0))).not.toThrow();
    expect(() => refusal(listOf(100_000, undefined))).not.toThrow();
  });
});
