import 'reflect-metadata';
import { Type } from 'class-transformer';
import { runInThisContext } from 'node:vm';
import { SessionError } from '../session.errors.js';
import type { ValueFault } from './faults.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import type { SessionClass, SessionTypeOptions } from './type-options.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';
import { DEFAULT_RULES } from './value-rules.js';

/** What was read, and what was told of it. */
function read(text: string): { value: any; faults: ValueFault[] } {
  const faults: ValueFault[] = [];
  const reader = { rules: DEFAULT_RULES, report: (fault: ValueFault) => void faults.push(fault) };
  return { value: revive(text, 'x', reader), faults };
}

class Line {
  sku = '';
  count = 1;
}

class Cart {
  lines: Line[] = [];
  currency = 'EUR';
  changedAt?: Date;
  get size(): number {
    return this.lines.length;
  }
}
registerSessionType(Line, { name: 'versions/line' });
registerSessionType(Cart, {
  name: 'versions/cart',
  version: 3,
  from: ['versions/basket'],
  upgrade: {
    1: (old: { items: string[]; changedAt?: Date }) => ({
      lines: old.items.map((sku) => Object.assign(new Line(), { sku })),
      at: old.changedAt,
    }),
    2: ({ at, ...old }) => ({ ...old, changedAt: at, currency: 'CHF' }),
  },
});

const today = Object.assign(new Cart(), {
  lines: [Object.assign(new Line(), { sku: 'pen' })],
  changedAt: new Date(5),
  currency: 'CHF',
});

describe('a type with a version', () => {
  it('is stored with it, and a type without one as ever', () => {
    expect(serialize(new Cart(), 'values.x')).toBe(
      '{"@versions/cart@3":{"lines":[],"currency":"EUR"}}',
    );
    expect(serialize(new Line(), 'values.x')).toBe('{"@versions/line":{"sku":"","count":1}}');
    class First {
      a = 1;
    }
    registerSessionType(First, { name: 'versions/first', version: 1 });
    expect(serialize(new First(), 'values.x')).toBe('{"@versions/first":{"a":1}}');
  });

  it('comes back as it was', () => {
    expect(revive(serialize({ today }, 'values.x'))).toStrictEqual({ today });
  });

  it.each([
    ['version 1', '{"@versions/cart":{"items":["pen"],"changedAt":{"$date":5}}}'],
    [
      'version 2',
      '{"@versions/cart@2":{"lines":[{"@versions/line":{"sku":"pen","count":1}}],"at":{"$date":5}}}',
    ],
    ['an earlier name', '{"@versions/basket":{"items":["pen"],"changedAt":{"$date":5}}}'],
    ['an earlier name, today', serialize(today, 'values.x').replace('cart@3', 'basket@3')],
  ])('is brought to the form of today from %s', (_, text) => {
    const { value, faults } = read(text);
    expect(value).toStrictEqual(today);
    expect(value).toBeInstanceOf(Cart);
    expect(value.size).toBe(1);
    expect(faults).toEqual([]);
    expect(read(`{"deep":[${text}]}`).value).toStrictEqual({ deep: [today] });
  });

  it.each(['{"@versions/cart@4":{"future":[1,{"$date":5}]}}', '{"@versions/basket@99":7}'])(
    'reads undefined where it is newer than this build, and is written back: %s',
    (text) => {
      expect(read(text).value).toBe(UNKNOWN);
      const { value, faults } = read(`{"a":[${text}],"b":1}`);
      expect(value).toStrictEqual({ a: [undefined], b: 1 });
      expect(serialize(value, 'values.x')).toBe(`{"a":[${text}],"b":1}`);
      expect(faults).toEqual([
        expect.objectContaining({
          key: 'x',
          path: 'values.x.a[0]',
          why: 'is of a newer version than this build knows',
          outcome: 'kept',
        }),
      ]);
    },
  );

  it.each(['@versions/cart@1', '@versions/cart@0', '@versions/cart@03', '@versions/cart@'])(
    'is not what no build has written: %s',
    (tag) => {
      expect(read(`{"${tag}":{}}`)).toMatchObject({
        value: UNKNOWN,
        faults: [{ why: 'is not known to this build' }],
      });
    },
  );
});

describe('a step from one version to the next', () => {
  const given: unknown[] = [];
  class Home {
    city = '';
  }
  class Person {
    @Type(() => Home) home = new Home();
    pets: unknown = undefined;
  }
  class Pet {
    name = '';
  }
  registerSessionTypes(Home);
  registerSessionType(Pet, {
    name: 'versions/pet',
    version: 2,
    upgrade: { 1: ({ called }) => ({ name: called }) },
  });
  registerSessionType(Person, {
    name: 'versions/person',
    version: 2,
    upgrade: {
      1: (old) => {
        given.push({ ...old, home: { ...old.home } });
        old.home.city = old.home.town;
        delete old.home.town;
        return old;
      },
    },
  });
  const text =
    '{"@versions/person":{"home":{"town":"Ulm"},"pets":{"$map":[["a",{"@versions/pet":{"called":"Rex"}}]]}}}';

  it('gets plain fields, with rich values and instances in them that know nothing of old forms', () => {
    const { value } = read(text);
    const pet = Object.assign(new Pet(), { name: 'Rex' });
    expect(given).toStrictEqual([{ home: { town: 'Ulm' }, pets: new Map([['a', pet]]) }]);
    expect(value.home).toStrictEqual(Object.assign(new Home(), { city: 'Ulm' }));
    expect(value.pets.get('a')).toStrictEqual(pet);
  });

  it('is not run where something in the value is unknown: the whole is kept', () => {
    given.length = 0;
    const stored = '{"@versions/person":{"home":{"town":"Ulm"},"pets":[{"@Gone":1}]}}';
    const { value, faults } = read(`[${stored}]`);
    expect(value).toStrictEqual([undefined]);
    expect(given).toEqual([]);
    expect(faults).toMatchObject([{ path: 'values.x[0].pets[0]', type: '@Gone' }]);
    expect(serialize(value, 'values.x')).toBe(`[${stored}]`);
  });

  it('may throw: the value reads undefined, is reported, and is kept as it was, changed or not', () => {
    const stored = '{"@versions/person":{"home":null}}';
    const { value, faults } = read(`[${stored}]`);
    expect(value).toStrictEqual([undefined]);
    expect(serialize(value, 'values.x')).toBe(`[${stored}]`);
    expect(faults).toMatchObject([
      { path: 'values.x[0]', why: 'could not be upgraded (TypeError)', outcome: 'kept' },
    ]);
    class Careless {
      n = 1;
    }
    registerSessionType(Careless, {
      name: 'versions/careless',
      version: 2,
      upgrade: {
        1: (old) => {
          old.list.length = 0;
          throw new RangeError('a secret');
        },
      },
    });
    const careless = '{"a":{"@versions/careless":{"list":[1]}}}';
    expect(serialize(read(careless).value, 'values.x')).toBe(careless);
    expect(JSON.stringify(read(careless).faults)).not.toContain('secret');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', [1]],
    ['a function in the fields', { f: () => 1 }],
  ])('must return fields: %s', (_, result) => {
    class Odd {
      n = 1;
    }
    registerSessionType(Odd, {
      name: `versions/odd ${_}`,
      version: 2,
      upgrade: { 1: () => result },
    });
    const stored = `[{"@versions/odd ${_}":{"n":1}}]`;
    const { value, faults } = read(stored);
    expect(value).toStrictEqual([undefined]);
    expect(faults).toMatchObject([{ why: expect.stringMatching(/^could not be upgraded/) }]);
    expect(serialize(value, 'values.x')).toBe(stored);
  });

  it('leads from fields to a form of its own, and from one form to another', () => {
    class Money {
      #cents: bigint;
      constructor(cents: bigint) {
        this.#cents = cents;
      }
      get cents(): bigint {
        return this.#cents;
      }
    }
    class Price {
      @Type(() => Money) amount = new Money(5n);
    }
    registerSessionType(Money, {
      name: 'versions/money',
      version: 3,
      upgrade: { 1: ({ euros }) => euros * 100, 2: (cents: number) => BigInt(cents) },
      serialize: (money) => money.cents,
      revive: (cents: bigint) => new Money(cents),
    });
    registerSessionType(Price, { name: 'versions/price' });
    expect(serialize(new Price(), 'values.x')).toBe(
      '{"@versions/price":{"amount":{"@versions/money@3":{"$bigint":"5"}}}}',
    );
    for (const stored of [
      '{"@versions/money":{"euros":2}}',
      '{"@versions/money@2":200}',
      '{"@versions/money@3":{"$bigint":"200"}}',
    ]) {
      expect(read(stored).value.cents).toBe(200n);
    }
    // As it was stored when the field alone said the class.
    expect(read('{"@versions/price":{"amount":{"euros":2}}}').value.amount.cents).toBe(200n);
  });
});

describe('a class that only a field names', () => {
  class Address {
    city = '';
  }
  class Owner {
    @Type(() => Address) address: Address = new Address();
    @Type(() => Address) former: Address[] = [];
  }
  registerSessionType(Address, {
    name: 'versions/address',
    version: 2,
    upgrade: { 1: ({ town }) => ({ city: town }) },
  });
  registerSessionType(Owner, { name: 'versions/owner' });

  it('was version 1 where it is stored without a tag, and is tagged from version 2 on', () => {
    const stored = '{"@versions/owner":{"address":{"town":"Ulm"},"former":[{"town":"Bonn"}]}}';
    const { value } = read(stored);
    expect(value.address).toStrictEqual(Object.assign(new Address(), { city: 'Ulm' }));
    expect(value.former[0].city).toBe('Bonn');
    const text = serialize(value, 'values.x');
    expect(text).toBe(
      '{"@versions/owner":{"address":{"@versions/address@2":{"city":"Ulm"}},"former":[{"@versions/address@2":{"city":"Bonn"}}]}}',
    );
    expect(read(text).value).toStrictEqual(value);
  });

  it('is of today where an upgrade returns an instance, and of version 1 as a plain object', () => {
    class Traveller {
      @Type(() => Address) from: unknown = null;
      @Type(() => Address) to: unknown = null;
    }
    registerSessionType(Traveller, {
      name: 'versions/traveller',
      version: 2,
      upgrade: {
        1: ({ route: [from, to] }) => ({
          from: { town: from },
          to: Object.assign(new Address(), { city: to }),
        }),
      },
    });
    expect(read('{"@versions/traveller":{"route":["Ulm","Bonn"]}}').value).toStrictEqual(
      Object.assign(new Traveller(), {
        from: Object.assign(new Address(), { city: 'Ulm' }),
        to: Object.assign(new Address(), { city: 'Bonn' }),
      }),
    );
  });

  it('is tagged where a literal stands in its place too', () => {
    const owner = Object.assign(new Owner(), { address: { city: 'Ulm' } });
    expect(serialize(owner, 'values.x')).toContain('{"@versions/address@2":{"city":"Ulm"}}');
  });
});

describe('a faulty version', () => {
  const evaluated = (source: string): SessionClass => runInThisContext(`(${source})`);
  const step = (old: unknown): unknown => old;

  it.each<[string, SessionTypeOptions<unknown>, RegExp]>([
    ['without steps', { version: 2 }, /at version 2 and has no step from version 1/],
    ['with a gap', { version: 4, upgrade: { 1: step, 3: step } }, /no step from version 2/],
    ['with a step too many', { version: 2, upgrade: { 1: step, 2: step } }, /step from version 2/],
    [
      'with a step from in between',
      { version: 2, upgrade: { 1: step, 1.5: step } },
      /from version 1\.5/,
    ],
    ['with a step from 0', { version: 2, upgrade: { 0: step, 1: step } }, /step from version 0/],
    ['with a step and no version', { upgrade: { 1: step } }, /at version 1 and has a step from/],
    ['with a step that is none', { version: 2, upgrade: { 1: 1 as never } }, /no step from/],
    ['of 0', { version: 0 }, /whole number from 1 on, not 0/],
    ['of 1.5', { version: 1.5 }, /whole number from 1 on, not 1\.5/],
    ['in words', { version: '2' as never }, /whole number from 1 on, not '2'/],
    ['with earlier names that are no list', { from: 'old' as never }, /from .* must be a list/],
    ['with an earlier name that is none', { from: [''] }, /name/],
    ['in the name', { name: 'cart@3' }, /"cart@3" ends like a version/],
  ])('is refused when it is registered: %s', (_, options, message) => {
    const register = (): void => registerSessionType(evaluated('class Faulty { n = 1 }'), options);
    expect(register).toThrow(SessionError);
    expect(register).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    expect(register).toThrow(message);
  });

  it('is one that takes over a name that another class has, whichever came first', () => {
    registerSessionType(evaluated('class Other { n = 1 }'), { name: 'versions/other' });
    expect(() =>
      registerSessionType(evaluated('class Taker { m = 1 }'), { from: ['versions/other'] }),
    ).toThrow(/"versions\/other": class Other \{ n = 1 \} and class Taker \{ m = 1 \}/);
    expect(() =>
      registerSessionType(evaluated('class Late { m = 1 }'), { name: 'versions/basket' }),
    ).toThrow(/"versions\/basket": class Cart .* and class Late/);
  });
});
