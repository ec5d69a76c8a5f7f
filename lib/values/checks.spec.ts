import 'reflect-metadata';
import { type as arkType } from 'arktype';
import { Type } from 'class-transformer';
import { IsPositive, IsString, Length, ValidateNested } from 'class-validator';
import * as v from 'valibot';
import { z } from 'zod';
import { SessionError } from '../session.errors.js';
import type { ValueFault } from './faults.js';
import { DROPPED, revive, serialize, UNKNOWN } from './serializer.js';
import type { StandardSchema } from './standard-schema.js';
import type { SessionTypeIssue } from './type-check.js';
import type { SessionTypeOptions } from './type-options.js';
import { registerSessionType } from './type-registry.js';
import { DEFAULT_RULES } from './value-rules.js';

/** What was read, and what was told of it. */
function read(text: string): { value: any; faults: ValueFault[] } {
  const faults: ValueFault[] = [];
  const reader = { rules: DEFAULT_RULES, report: (fault: ValueFault) => void faults.push(fault) };
  return { value: revive(text, 'cart', reader), faults };
}

class Item {
  @IsString() @Length(1, 8) sku = '';
  @IsPositive() count = 1;
}
class Order {
  @ValidateNested({ each: true }) @Type(() => Line) lines: Line[] = [];
}
class Line {
  @IsPositive() price = 1;
}
registerSessionType(Item, { name: 'checks/item', validate: true });
registerSessionType(Order, { name: 'checks/order', validate: true });

/** A class with a positive number, checked by a schema. */
function registerChecked(name: string, options: SessionTypeOptions<any>) {
  class Counted {
    n: unknown = 0;
    get doubled(): number {
      return (this.n as number) * 2;
    }
  }
  registerSessionType(Counted, { name: `checks/${name}`, ...options });
  return Counted;
}

describe('a type that says validate', () => {
  const item = '{"@checks/item":{"sku":"pen","count":2}}';
  const faulty = '{"@checks/item":{"sku":"a secret, and too long","count":-5}}';

  it('reads what its decorators allow', () => {
    const { value, faults } = read(item);
    expect(value).toStrictEqual(Object.assign(new Item(), { sku: 'pen', count: 2 }));
    expect(faults).toEqual([]);
  });

  it('drops what they do not, and tells where and why, never what', () => {
    const { value, faults } = read(faulty);
    expect(value).toBe(DROPPED);
    expect(faults).toEqual([
      {
        key: 'cart',
        path: 'values.cart',
        type: '@checks/item',
        why: 'is not valid: sku (isLength), count (isPositive)',
        outcome: 'dropped',
      },
    ]);
    expect(JSON.stringify(faults)).not.toMatch(/secret|-5/);
  });

  it.each<[string, string, (value: any) => unknown, string]>([
    [
      'a list, which closes up',
      `{"items":[${item},${faulty},1]}`,
      ({ items }) => items.length,
      '.items[1]',
    ],
    ['an object', `{"a":${faulty},"b":1}`, (value) => Object.keys(value).join(), '.a'],
    [
      'a map',
      `{"$map":[["k",${faulty}],["l",1]]}`,
      (map) => [...map.keys()].join(),
      '.values()[0]',
    ],
    ['the keys of a map', `{"$map":[[${faulty},1],["l",1]]}`, (map) => map.size, '.keys()[0]'],
    ['a set', `{"$set":[${faulty},7]}`, (set) => [...set].join(), '[0]'],
    [
      'an object without a prototype',
      `{"$null":{"a":${faulty}}}`,
      (o) => Object.keys(o).length,
      '.a',
    ],
    [
      'an object that looks like a tag',
      `{"$":{"$a":${faulty}}}`,
      (o) => Object.keys(o).length,
      '.$a',
    ],
  ])('drops it from what holds it, as if it had not been stored: %s', (_, text, left, path) => {
    const { value, faults } = read(text);
    expect(String(left(value))).toMatch(/^(2|b|l|1|7|0)$/);
    expect(faults).toMatchObject([{ path: `values.cart${path}`, outcome: 'dropped' }]);
  });

  it('leaves a field of an instance what its initialiser made it', () => {
    class Holder {
      first: unknown = 'initial';
      second = 1;
    }
    registerSessionType(Holder, { name: 'checks/holder' });
    const { value, faults } = read(`{"@checks/holder":{"first":${faulty},"second":2}}`);
    expect(value).toStrictEqual(Object.assign(new Holder(), { second: 2 }));
    expect(faults).toMatchObject([{ path: 'values.cart.first' }]);
  });

  it('drops the whole where its own form holds what is dropped', () => {
    class Wrapped {
      inner: unknown = 1;
    }
    registerSessionType(Wrapped, {
      name: 'checks/wrapped',
      serialize: ({ inner }) => inner,
      revive: (inner) => Object.assign(new Wrapped(), { inner }),
    });
    expect(read(`[{"@checks/wrapped":${faulty}}]`).value).toEqual([]);
  });

  it('looks at what is nested without a tag, and says where in it', () => {
    expect(read('{"@checks/order":{"lines":[{"price":1}]}}').value).toBeInstanceOf(Order);
    expect(read('[{"@checks/order":{"lines":[{"price":1},{"price":0}]}}]').faults).toMatchObject([
      { path: 'values.cart[0]', why: 'is not valid: lines[1].price (isPositive)' },
    ]);
    class Typed {
      @Type(() => Item) items: Item[] = [];
    }
    registerSessionType(Typed, { name: 'checks/typed' });
    const { value, faults } = read(
      '{"@checks/typed":{"items":[{"sku":"a","count":1},{"sku":"b","count":0}]}}',
    );
    expect(value.items).toHaveLength(1);
    expect(faults).toMatchObject([{ path: 'values.cart.items[1]', type: '@checks/item' }]);
  });

  it('is checked after its upgrade', () => {
    class Upgraded {
      @IsPositive() n = 1;
    }
    registerSessionType(Upgraded, {
      name: 'checks/upgraded',
      version: 2,
      validate: true,
      upgrade: { 1: ({ m }) => ({ n: m, items: [m] }) },
    });
    expect(read('{"@checks/upgraded":{"m":3}}').value.n).toBe(3);
    expect(read('{"@checks/upgraded":{"m":-3}}')).toMatchObject({
      value: DROPPED,
      faults: [{ path: 'values.cart', why: 'is not valid: n (isPositive)' }],
    });
  });

  it('keeps what holds something unknown, unchecked', () => {
    const text = '[{"@checks/item":{"sku":{"@Gone":1},"count":1}}]';
    const { value, faults } = read(text);
    expect(value).toStrictEqual([undefined]);
    expect(faults).toMatchObject([{ type: '@Gone', outcome: 'kept' }]);
    expect(serialize(value, 'values.cart')).toBe(text);
  });

  it('keeps the order of kept and dropped elements', () => {
    const text = `[{"$undefined":0},${faulty},{"@Gone":1},{"$undefined":0}]`;
    const { value } = read(text);
    expect(value).toStrictEqual([undefined, undefined, undefined]);
    expect(serialize(value, 'values.cart')).toBe('[{"$undefined":0},{"@Gone":1},{"$undefined":0}]');
  });

  it('tells of ten of very many, and how many more there are', () => {
    const { value, faults } = read(`[${Array.from({ length: 500 }, () => faulty).join()}]`);
    expect(value).toEqual([]);
    expect(faults).toHaveLength(11);
    expect(faults[9].path).toBe('values.cart[9]');
    expect(faults[10]).toMatchObject({
      path: 'values.cart',
      why: 'is not valid: sku (isLength), count (isPositive), as are 490 more in it',
    });
  });
});

describe('a type with a schema', () => {
  const schemas: [string, StandardSchema, string][] = [
    ['zod', z.object({ n: z.number().positive() }), 'n (too_small)'],
    ['valibot', v.object({ n: v.pipe(v.number(), v.minValue(1)) }), 'n (min_value)'],
    ['arktype', arkType({ n: 'number > 0' }), 'n (min)'],
  ];

  it.each(schemas)('is checked when it is read: %s', (name, schema, why) => {
    const Counted = registerChecked(name, { schema });
    const { value } = read(`{"@checks/${name}":{"n":5}}`);
    expect(value).toBeInstanceOf(Counted);
    expect(value.doubled).toBe(10);
    const { value: dropped, faults } = read(`{"@checks/${name}":{"n":-5}}`);
    expect(dropped).toBe(DROPPED);
    expect(faults).toMatchObject([{ path: 'values.cart', why: `is not valid: ${why}` }]);
    expect(JSON.stringify(faults)).not.toContain('-5');
  });

  it('takes from it defaults and conversions, and keeps its classes', () => {
    class Street {
      name = '';
    }
    class House {
      @Type(() => Street) street = new Street();
      @Type(() => Street) near: Street[] = [];
      byName = new Map<string, Street>();
      doors?: number;
      kept = 'not in the schema';
      get address(): string {
        return `${this.street.name} 1`;
      }
    }
    const street = z.object({ name: z.string().trim() });
    registerSessionType(Street, { name: 'checks/street' });
    registerSessionType(House, {
      name: 'checks/house',
      schema: z.object({
        street,
        near: z.array(street),
        byName: z.map(z.string(), street),
        doors: z.number().default(1),
        address: z.string(),
      }),
    });
    const { value } = read(
      '{"@checks/house":{"street":{"name":" Main "},"near":[{"name":"Low"}],"byName":{"$map":[["a",{"@checks/street":{"name":"x "}}]]}}}',
    );
    expect(value).toStrictEqual(
      Object.assign(new House(), {
        street: Object.assign(new Street(), { name: 'Main' }),
        near: [Object.assign(new Street(), { name: 'Low' })],
        byName: new Map([['a', Object.assign(new Street(), { name: 'x' })]]),
        doors: 1,
      }),
    );
    expect(value.address).toBe('Main 1');
  });

  it('leaves a frozen instance alone that it has nothing to say against', () => {
    class Frozen {
      n = 1;
      list = [{ a: 1 }];
      map = new Map([['k', new Set(['e'])]]);
      constructor() {
        Object.freeze(this);
      }
    }
    const object = z.object({
      n: z.number(),
      list: z.array(z.object({ a: z.number() })),
      map: z.map(z.string(), z.set(z.string())),
    });
    registerSessionType(Frozen, { name: 'checks/frozen', schema: object });
    const { value, faults } = read(serialize(new Frozen(), 'values.cart'));
    expect(value).toStrictEqual(new Frozen());
    expect(faults).toEqual([]);
  });

  it('takes lists from it that became shorter, and changed maps and sets', () => {
    class Trimmed {
      list: unknown[] = [];
      map = new Map<string, unknown>();
      set = new Set<unknown>();
    }
    const text = z.string().trim();
    registerSessionType(Trimmed, {
      name: 'checks/trimmed',
      schema: z.object({
        list: z.array(z.number()).transform((list) => list.filter((n) => n > 1)),
        map: z.map(z.string(), text),
        set: z.set(text),
      }),
    });
    const stored = Object.assign(new Trimmed(), {
      list: [1, 2],
      map: new Map([['k', ' a ']]),
      set: new Set([' b', 'c']),
    });
    expect(read(serialize(stored, 'values.cart')).value).toStrictEqual(
      Object.assign(new Trimmed(), {
        list: [2],
        map: new Map([['k', 'a']]),
        set: new Set(['b', 'c']),
      }),
    );
  });

  it('touches nothing that an instance inherits', () => {
    class Inheriting {
      n = 1;
      get doubled(): number {
        return this.n * 2;
      }
      method(): string {
        return 'mine';
      }
    }
    const returned: unknown = JSON.parse(
      '{"n":2,"doubled":9,"method":9,"__proto__":{"polluted":1}}',
    );
    registerSessionType(Inheriting, {
      name: 'checks/inheriting',
      schema: {
        '~standard': { version: 1, vendor: 'test', validate: () => ({ value: returned }) },
      },
    });
    const { value } = read('{"@checks/inheriting":{"n":1}}');
    expect(value).toStrictEqual(Object.assign(new Inheriting(), { n: 2 }));
    expect([value.doubled, value.method(), value.polluted]).toEqual([4, 'mine', undefined]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('may give another instance, as for a class with a form of its own', () => {
    class Percent {
      readonly #n: number;
      constructor(n: number) {
        this.#n = n;
      }
      get n(): number {
        return this.#n;
      }
    }
    registerSessionType(Percent, {
      name: 'checks/percent',
      serialize: ({ n }) => n,
      revive: (n: number) => new Percent(n),
      schema: z
        .instanceof(Percent)
        .refine(({ n }) => n >= 0)
        .transform(({ n }) => new Percent(Math.min(n, 100))),
    });
    expect(read('{"@checks/percent":150}').value.n).toBe(100);
    expect(read('{"@checks/percent":-1}').value).toBe(DROPPED);
  });

  it('that names no issue by its place says so of the whole', () => {
    registerChecked('whole', { schema: z.unknown().refine(() => false) });
    expect(read('{"@checks/whole":{}}').faults).toMatchObject([
      { why: 'is not valid: the whole (custom)' },
    ]);
  });

  it('is asked after class-validator', () => {
    const asked: unknown[] = [];
    class Both {
      @IsPositive() n = 1;
    }
    const schema = z.custom<Both>((value) => asked.push(value) > 0);
    registerSessionType(Both, { name: 'checks/both', validate: true, schema });
    expect(read('{"@checks/both":{"n":-1}}').value).toBe(DROPPED);
    expect(asked).toEqual([]);
    expect(read('{"@checks/both":{"n":1}}').value).toBe(asked[0]);
  });

  it('that answers with a promise is an error of its author, whatever onInvalid says', () => {
    registerChecked('async', { schema: z.object({ n: z.number().refine(async () => true) }) });
    registerChecked('rejecting', {
      schema: {
        '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error()) },
      },
    });
    for (const name of ['async', 'rejecting']) {
      expect(() => read(`{"in":[{"@checks/${name}":{"n":1}}]}`)).toThrow(
        expect.objectContaining({
          code: 'SESSION_CONFIG',
          message: expect.stringMatching(`"checks/${name}" answers with a promise`),
        }),
      );
    }
  });

  it('that throws leaves the value unread and kept', () => {
    const validate = (): never => {
      throw new RangeError('a secret');
    };
    registerChecked('throwing', {
      schema: { '~standard': { version: 1, vendor: 'test', validate } },
    });
    const text = '[{"@checks/throwing":{"n":1}}]';
    const { value, faults } = read(text);
    expect(serialize(value, 'values.cart')).toBe(text);
    expect(faults).toMatchObject([{ why: 'could not be checked (RangeError)', outcome: 'kept' }]);
  });
});

describe('a value that is not valid', () => {
  const schema = z.object({ n: z.number().positive() });

  it('is an error with its place, where its owner wants one', () => {
    registerChecked('thrown', { schema, onInvalid: 'throw' });
    const attempt = (): unknown =>
      read('{"a":[{"$map":[["k",{"@checks/thrown":{"n":-5}}]]}]}').value;
    expect(attempt).toThrow(SessionError);
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'SESSION_INVALID',
        message: expect.stringMatching(
          /^values\.cart\.a\[0\]\.values\(\)\[0\] cannot be read: .*"@checks\/thrown" is not valid: n \(too_small\)/,
        ),
      }),
    );
    expect(attempt).not.toThrow('-5');
  });

  it('is an error too where its upgrade or its revive throws', () => {
    const cause = new RangeError('a secret');
    const fail = (): never => {
      throw cause;
    };
    registerChecked('upgrade thrown', { version: 2, upgrade: { 1: fail }, onInvalid: 'throw' });
    registerChecked('revive thrown', { serialize: fail, revive: fail, onInvalid: 'throw' });
    for (const [name, why] of [
      ['upgrade thrown', 'could not be upgraded (RangeError)'],
      ['revive thrown', 'could not be revived (RangeError)'],
    ]) {
      expect(() => read(`{"a":{"@checks/${name}":{"n":1}}}`)).toThrow(
        expect.objectContaining({ cause, message: expect.stringContaining(why) }),
      );
    }
  });

  it('becomes what its owner gives, who is told what is wrong', () => {
    const told: [any, readonly SessionTypeIssue[]][] = [];
    const Counted = registerChecked('replaced', {
      schema,
      onInvalid: (value, issues) => {
        told.push([value, issues]);
        return Object.assign(value, { n: 1 });
      },
    });
    const { value, faults } = read('[{"@checks/replaced":{"n":-5}}]');
    expect(value).toStrictEqual([Object.assign(new Counted(), { n: 1 })]);
    expect(told[0][1]).toEqual([
      { path: 'n', rule: 'too_small', message: expect.stringMatching('>0') },
    ]);
    expect(faults).toMatchObject([{ path: 'values.cart[0]', outcome: 'replaced' }]);
  });

  it('is dropped where its owner gives nothing, and kept where that throws', () => {
    registerChecked('given nothing', { schema, onInvalid: () => undefined });
    expect(read('{"@checks/given nothing":{"n":0}}')).toMatchObject({
      value: DROPPED,
      faults: [{ outcome: 'dropped' }],
    });
    registerChecked('given an error', {
      schema,
      onInvalid: () => {
        throw new Error('a secret');
      },
    });
    expect(read('{"@checks/given an error":{"n":0}}')).toMatchObject({
      value: UNKNOWN,
      faults: [{ why: 'could not be replaced (Error)', outcome: 'kept' }],
    });
  });

  it('asks nobody where it is only compared', () => {
    const ask = (): never => {
      throw new Error('must not be asked');
    };
    registerChecked('compared', { schema, onInvalid: ask });
    registerChecked('compared and thrown', { schema, onInvalid: 'throw' });
    for (const name of ['compared', 'compared and thrown']) {
      const text = `{"@checks/${name}":{"n":0}}`;
      expect(revive(text, 'cart', { rules: DEFAULT_RULES })).toBe(UNKNOWN);
    }
  });
});

describe('checks that make no sense', () => {
  it.each<[string, SessionTypeOptions<any>, RegExp]>([
    ['a schema that is none', { schema: {} as never }, /follows Standard Schema/],
    ['a function for a schema', { schema: (() => true) as never }, /follows Standard Schema/],
    ['validate without decorators', { validate: true }, /has no decorators of class-validator/],
    ['a word for validate', { validate: 'yes' as never }, /validate .* true or false/],
    ['a word for onInvalid', { onInvalid: 'ignore' as never }, /'drop', 'throw' or a function/],
  ])('are refused when the class is registered: %s', (_, options, message) => {
    const register = (): unknown => registerChecked(_, options);
    expect(register).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    expect(register).toThrow(message);
  });
});
