import 'reflect-metadata';
import {
  Exclude,
  Expose,
  instanceToPlain,
  plainToInstance,
  Transform,
  TransformationType,
  Type,
} from 'class-transformer';
import { compilePlan, type ClassPlan } from './class-plan.js';
import { metadataStorage } from './class-metadata.js';
import type { ClassFunction } from './class-source.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

const assigned = <T extends object>(cls: new () => T, fields: Partial<T>): T =>
  Object.assign(new cls(), fields);

class Address {
  street = '';
  city = '';
  label(): string {
    return `${this.street}, ${this.city}`;
  }
}

class User {
  name!: string;
  born!: Date;
  @Type(() => Address) address!: Address;
  @Type(() => Address) former: Address[] = [];
  @Type(() => Address) byName = new Map<string, Address>();
  @Type(() => Address) seen = new Set<Address>();
  tags = ['new'];
  greet(): string {
    return `Hi ${this.name}`;
  }
}

class Admin extends User {
  rights = new Set(['all']);
}

class Guest extends User {}

registerSessionTypes(User, Admin);

const home = assigned(Address, { street: '1 Main St', city: 'Paris' });
const ann = assigned(User, {
  name: 'Ann',
  born: new Date(0),
  address: home,
  former: [home, assigned(Address, { city: 'Rome' })],
  byName: new Map([['home', home]]),
  seen: new Set([home]),
});

describe('an instance of a registered class', () => {
  it('comes back as its class, with what it holds', () => {
    const back = roundTrip(ann);
    expect(back).toStrictEqual(ann);
    expect(back.greet()).toBe('Hi Ann');
    expect(back.address.label()).toBe('1 Main St, Paris');
  });

  it('comes back as its class at any depth', () => {
    const value = {
      user: ann,
      list: [[ann], null],
      map: new Map<unknown, unknown>([
        ['k', ann],
        [ann, 1],
      ]),
      set: new Set([{ ann }]),
      bare: Object.assign(Object.create(null), { ann }),
    };
    expect(roundTrip(value)).toStrictEqual(value);
  });

  it('has a readable text, without a tag where the field says the class', () => {
    expect(JSON.parse(serialize(ann, 'values.x'))).toEqual({
      '@User': {
        name: 'Ann',
        born: { $date: 0 },
        address: { street: '1 Main St', city: 'Paris' },
        former: [
          { street: '1 Main St', city: 'Paris' },
          { street: '', city: 'Rome' },
        ],
        byName: { $map: [['home', { street: '1 Main St', city: 'Paris' }]] },
        seen: { $set: [{ street: '1 Main St', city: 'Paris' }] },
        tags: ['new'],
      },
    });
  });

  it('comes back with fields that are null, undefined or of a rich type', () => {
    const rich = Object.assign(new User(), {
      address: null,
      born: undefined,
      extra: new Map([[1n, -0]]),
      url: new URL('a:b'),
    });
    expect(roundTrip(rich)).toStrictEqual(rich);
  });

  it('comes back as the subclass that it is, in a field typed as its base too', () => {
    class Team {
      @Type(() => User) lead: User = assigned(Admin, { name: 'Root' });
      @Type(() => User) members: User[] = [
        assigned(Admin, { name: 'A' }),
        assigned(User, { name: 'B' }),
      ];
    }
    registerSessionTypes(Team);
    const back = roundTrip(new Team());
    expect(back).toStrictEqual(new Team());
    expect(back.lead).toBeInstanceOf(Admin);
  });

  it('is an error where only its base is registered', () => {
    expect(() => serialize(new Guest(), 'values.x')).toThrow(/^values\.x is an instance of Guest/);
    const family = assigned(User, { former: [new (class Cabin extends Address {})()] });
    expect(() => serialize(family, 'values.x')).toThrow(
      /^values\.x\.former\[0\] is an instance of Cabin, which is not registered/,
    );
  });

  it('names the path of a field that cannot be stored', () => {
    const bad = Object.assign(new User(), {
      address: Object.assign(new Address(), { city: () => 'x' }),
    });
    expect(() => serialize({ a: [bad] }, 'values.x')).toThrow(
      /^values\.x\.a\[0\]\.address\.city is a function/,
    );
    expect(() => serialize(Object.assign(new User(), { greet2: () => 1 }), 'values.x')).toThrow(
      /^values\.x\.greet2 is a function/,
    );
    expect(() => serialize(Object.assign(new User(), { [Symbol('s')]: 1 }), 'values.x')).toThrow(
      /^values\.x\[Symbol\(s\)\] has a symbol as its key/,
    );
  });

  it('is a cycle where it leads back to itself', () => {
    const one: any = new User();
    one.friends = [{ one }];
    expect(() => serialize(one, 'values.x')).toThrow(
      'values.x.friends[0].one is a cycle: it leads back to values.x.',
    );
  });

  it('keeps fields whose names look like tags or like members of every object', () => {
    class Odd {
      @Type(() => Odd) inner?: Odd;
    }
    registerSessionTypes(Odd);
    for (const key of [
      '$date',
      '@User',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
    ]) {
      const inner = new Odd();
      delete inner.inner;
      Object.defineProperty(inner, key, {
        value: { polluted: 1 },
        enumerable: true,
        writable: true,
        configurable: true,
      });
      const back = roundTrip(assigned(Odd, { inner })).inner;
      expect(Object.getPrototypeOf(back)).toBe(Odd.prototype);
      expect(Object.getOwnPropertyDescriptor(back, key)?.value).toEqual({ polluted: 1 });
      expect(({} as any).polluted).toBeUndefined();
    }
  });
});

describe('reviving an instance', () => {
  it('runs a constructor that takes no parameters, so that initialisers run', () => {
    class Versioned {
      added = 'by a later build';
      old?: string;
      constructor() {
        this.old = 'set by the constructor';
      }
    }
    registerSessionTypes(Versioned);
    expect(revive('{"@Versioned":{"old":"stored"}}')).toStrictEqual(
      assigned(Versioned, { old: 'stored' }),
    );
  });

  it('runs no constructor that takes parameters', () => {
    const runs: unknown[] = [];
    class Base {
      constructor(readonly name: string) {
        runs.push(name);
        if (!name) throw new Error('half a value');
      }
    }
    class Derived extends Base {
      size = 1;
    }
    registerSessionTypes(Base, Derived);
    const values = [new Base('a'), new Derived('b')];
    runs.length = 0;
    const back = roundTrip(values);
    expect(back).toStrictEqual(values);
    expect(back[1]).toBeInstanceOf(Derived);
    expect(runs).toEqual([]);
  });

  it('runs no setter', () => {
    const runs: unknown[] = [];
    class Guarded {
      @Expose() get total(): number {
        return 42;
      }
      set total(value: number) {
        runs.push(value);
      }
      set level(value: number) {
        runs.push(value);
      }
      get level(): number {
        return 1;
      }
    }
    registerSessionTypes(Guarded);
    expect(serialize(new Guarded(), 'values.x')).toBe('{"@Guarded":{"total":42}}');
    const back = revive('{"@Guarded":{"total":1,"level":2,"__proto__":{"level":3}}}') as any;
    expect(runs).toEqual([]);
    expect(back.total).toBe(42);
    expect(Object.getOwnPropertyDescriptor(back, 'level')?.value).toBe(2);
    expect(Object.getPrototypeOf(back)).toBe(Guarded.prototype);
  });

  it('does not shadow an exposed method with what it returned', () => {
    class Counted {
      n = 2;
      @Expose() twice(): number {
        return this.n * 2;
      }
    }
    registerSessionTypes(Counted);
    expect(serialize(new Counted(), 'values.x')).toBe('{"@Counted":{"n":2,"twice":4}}');
    expect(roundTrip(new Counted()).twice()).toBe(4);
  });

  it('leaves the value unread and kept where the class throws', () => {
    class Picky {
      n = 1;
      constructor() {
        if (Picky.closed) throw new Error('closed');
      }
      static closed = false;
    }
    registerSessionTypes(Picky);
    const text = serialize({ a: new Picky(), b: 1 }, 'values.x');
    Picky.closed = true;
    expect(revive('{"@Picky":{}}')).toBe(UNKNOWN);
    const holder = revive(text);
    expect(holder).toEqual({ a: undefined, b: 1 });
    expect(serialize(holder, 'values.x')).toBe(text);
  });

  it('takes a frozen instance for a class that throws', () => {
    class Frozen {
      n = 1;
      constructor() {
        Object.freeze(this);
      }
    }
    registerSessionTypes(Frozen);
    expect(revive('{"@Frozen":{"n":2}}')).toBe(UNKNOWN);
  });
});

describe('a class with a form of its own', () => {
  class Decimal {
    readonly #digits: string;
    constructor(digits: string) {
      if (!/^\d+$/.test(digits)) throw new Error('no number');
      this.#digits = digits;
    }
    toString(): string {
      return this.#digits;
    }
  }
  class Range {
    constructor(
      readonly from: Date,
      readonly to: Date,
    ) {}
  }
  class Price {
    @Type(() => Decimal) amount = new Decimal('5');
    currency = 'EUR';
  }
  registerSessionType(Decimal, {
    name: 'decimal',
    serialize: (value) => value.toString(),
    revive: (digits: string) => new Decimal(digits),
  });
  registerSessionType(Range, {
    serialize: ({ from, to }) => [from, to] as const,
    revive: ([from, to]) => new Range(from, to),
  });
  registerSessionTypes(Price);

  it('is stored as what it returns, and comes back through it', () => {
    expect(serialize(new Decimal('12'), 'values.x')).toBe('{"@decimal":"12"}');
    expect(roundTrip([new Decimal('12')])[0].toString()).toBe('12');
    const range = new Range(new Date(1), new Date(2));
    expect(serialize(range, 'values.x')).toBe('{"@Range":[{"$date":1},{"$date":2}]}');
    expect(roundTrip({ range })).toStrictEqual({ range });
  });

  it('is tagged in a field that says its class', () => {
    expect(serialize(new Price(), 'values.x')).toBe(
      '{"@Price":{"amount":{"@decimal":"5"},"currency":"EUR"}}',
    );
    expect(roundTrip(new Price()).amount.toString()).toBe('5');
  });

  it('is kept and not read where revive throws, or would get half of it', () => {
    for (const text of ['{"@decimal":"x"}', '{"@Range":[{"$date":1},{"@Gone":1}]}']) {
      expect(revive(text)).toBe(UNKNOWN);
      const holder = revive(`{"in":[${text}]}`);
      expect(holder).toEqual({ in: [undefined] });
      expect(serialize(holder, 'values.x')).toBe(`{"in":[${text}]}`);
    }
  });

  it('names what it returned and cannot be stored', () => {
    class Wrong {
      at = 1;
    }
    registerSessionType(Wrong, { serialize: () => [{ f: () => 1 }], revive: () => new Wrong() });
    expect(() => serialize({ w: new Wrong() }, 'values.x')).toThrow(
      /^values\.x\.w\[0\]\.f is a function/,
    );
  });

  it('is a cycle where it returns itself', () => {
    class Self {
      at = 1;
    }
    registerSessionType(Self, { serialize: (value) => value, revive: (value: Self) => value });
    expect(() => serialize({ s: new Self() }, 'values.x')).toThrow(/^values\.x\.s is a cycle/);
  });
});

describe("class-transformer's decorators", () => {
  abstract class Entity {
    @Expose({ name: 'key' }) id = 7;
    @Exclude() secret = 'initial';
  }
  class Account extends Entity {
    @Exclude({ toPlainOnly: true }) password = 'p';
    @Exclude({ toClassOnly: true }) computed = 'c';
    @Expose({ name: 'mail', toPlainOnly: true }) email = 'a@b';
    @Expose({ groups: ['admin'] }) rank = 3;
    @Transform(({ value }) => value.toUpperCase(), { toPlainOnly: true })
    @Transform(({ value }) => `${value}!`, { toClassOnly: true })
    name = 'ann';
    @Transform(({ value }) => value, { groups: ['admin'] }) plain = 1;
    @Expose() get initials(): string {
      return this.name[0];
    }
    @Expose() count(): number {
      return 2;
    }
    @Type(() => Number) age = '42' as unknown as number;
    @Type(() => String) code = 12 as unknown as string;
    @Type(() => Boolean) ok = 1 as unknown as boolean;
    @Type(() => String) codes = [1, null, 2] as unknown as string[];
    @Type((_help) => Address) late = home;
    nested = { a: [1, { b: null }] };
  }
  @Exclude()
  class Closed {
    @Expose() shown = 1;
    @Expose({ name: 'other' }) renamed = 2;
    hidden = 3;
    @Exclude() @Expose() both = 4;
  }
  @Expose()
  class Open {
    all = 1;
    @Exclude() never = 2;
  }
  class Circle {
    radius = 1;
  }
  class Square {
    side = 2;
  }
  class Drawing {
    @Type(() => Object, {
      discriminator: {
        property: 'kind',
        subTypes: [
          { value: Circle, name: 'circle' },
          { value: Square, name: 'square' },
        ],
      },
    })
    first: Circle | Square = new Circle();
    @Type(() => Object, {
      keepDiscriminatorProperty: true,
      discriminator: {
        property: 'kind',
        subTypes: [
          { value: Circle, name: 'circle' },
          { value: Square, name: 'square' },
        ],
      },
    })
    all: (Circle | Square)[] = [new Square(), new Circle()];
  }
  registerSessionTypes(Account, Closed, Open, Drawing);

  const CLASSES = [Account, Closed, Open] as const;

  const plainBy = (plan: ClassPlan, instance: object): any =>
    JSON.parse(plan.write(instance, new Encoder('values.x')));

  const byStorage = (cls: ClassFunction): ClassPlan => compilePlan(cls, byStorage, metadataStorage);
  const byFunctions = (cls: ClassFunction): ClassPlan => compilePlan(cls, byFunctions, undefined);

  it.each(CLASSES)('give the same stored fields as instanceToPlain: %p', (cls) => {
    const plain = JSON.parse(JSON.stringify(instanceToPlain(new cls())));
    const stored = JSON.parse(serialize(new cls(), 'values.x'));
    expect(stored).toStrictEqual({ [`@${cls.name}`]: plain });
    // In the same order too.
    expect(JSON.stringify(stored)).toBe(JSON.stringify({ [`@${cls.name}`]: plain }));
  });

  it.each(CLASSES)('give the same instance as plainToInstance: %p', (cls) => {
    const plain = {
      ...instanceToPlain(new cls()),
      hidden: 'from outside',
      never: 'x',
      secret: 'x',
      both: 'x',
    };
    const expected = plainToInstance(cls as new () => object, plain);
    const back = revive(JSON.stringify({ [`@${cls.name}`]: plain }));
    expect(back).toStrictEqual(expected);
  });

  it.each(CLASSES)("give the same without class-transformer's storage: %p", (cls) => {
    expect(metadataStorage).toBeDefined();
    const compiled = byStorage(cls);
    const fallback = byFunctions(cls);
    const plain = plainBy(fallback, new cls());
    expect(plainBy(compiled, new cls())).toEqual(plain);
    expect(fallback.revive(plain, new Decoder())).toStrictEqual(
      plainToInstance(cls as new () => object, plain),
    );
  });

  it('leave an excluded field what the initialiser gave it', () => {
    const back = roundTrip(
      assigned(Account, { secret: 'mine', password: 'mine', computed: 'mine' }),
    );
    expect([back.secret, back.password, back.computed]).toEqual(['initial', 'p', 'c']);
    expect(serialize(new Account(), 'values.x')).not.toContain('secret');
  });

  it('honour a discriminator, and leave the instance as it was', () => {
    const drawing = new Drawing();
    const text = serialize(drawing, 'values.x');
    expect(text).toBe(
      '{"@Drawing":{"first":{"radius":1,"kind":"circle"},"all":[{"side":2,"kind":"square"},{"radius":1,"kind":"circle"}]}}',
    );
    expect(drawing).toStrictEqual(new Drawing());
    const back = revive(text) as Drawing;
    expect(back.first).toStrictEqual(new Circle());
    expect(back.all[0]).toBeInstanceOf(Square);
    expect(back.all).toEqual([
      { side: 2, kind: 'square' },
      { radius: 1, kind: 'circle' },
    ]);
    expect(back.all[1]).toBeInstanceOf(Circle);
  });

  it('refuse a class that no discriminator names', () => {
    class Star {
      points = 5;
    }
    expect(() => serialize(assigned(Drawing, { first: new Star() as never }), 'values.x')).toThrow(
      /^values\.x\.first is an instance of Star, which is not registered/,
    );
  });

  it('see in a transform what class-transformer shows it', () => {
    const calls: any[] = [];
    class Traced {
      first = 'Ann';
      at = new Date(5);
      @Transform((params) => {
        calls.push(params);
        return params.type === TransformationType.CLASS_TO_PLAIN
          ? new Map([['v', params.value]])
          : params.value.get('v');
      })
      value = 1n;
      @Expose()
      @Transform(({ obj, type }) =>
        type === TransformationType.PLAIN_TO_CLASS
          ? `${obj.first} at ${obj.at.getTime()}`
          : undefined,
      )
      label?: string;
    }
    registerSessionTypes(Traced);
    const traced = new Traced();
    const text = serialize(traced, 'values.x');
    expect(text).toBe(
      '{"@Traced":{"first":"Ann","at":{"$date":5},"value":{"$map":[["v",{"$bigint":"1"}]]},"label":{"$undefined":0}}}',
    );
    const back = revive(text) as Traced;
    expect(back.value).toBe(1n);
    expect(back.label).toBe('Ann at 5');
    expect((revive('{"@Traced":{"first":"Bob","at":{"$date":6}}}') as Traced).label).toBe(
      'Bob at 6',
    );
    expect(calls[0]).toMatchObject({
      key: 'value',
      type: TransformationType.CLASS_TO_PLAIN,
      value: 1n,
    });
    expect(calls[0].obj).toBe(traced);
    expect(calls[1]).toMatchObject({ key: 'value', type: TransformationType.PLAIN_TO_CLASS });
    expect(calls[1].obj).toMatchObject({ first: 'Ann', at: new Date(5) });
    const options = { exposeUnsetFields: true, enableCircularCheck: false };
    expect(calls[1].options).toMatchObject(options);
  });

  it('turn a stored list into a Set, and an object into a Map, where the field is one', () => {
    class Containers {
      @Type(() => Address) set: Set<Address> = new Set();
      @Type(() => Address) map: Map<string, Address> = new Map();
    }
    registerSessionTypes(Containers);
    const back = revive('{"@Containers":{"set":[{"city":"x"}],"map":{"k":{"city":"y"}}}}');
    expect(back).toStrictEqual(
      assigned(Containers, {
        set: new Set([assigned(Address, { city: 'x' })]),
        map: new Map([['k', assigned(Address, { city: 'y' })]]),
      }),
    );
  });

  it('decide by the object where a type function takes one', () => {
    class Box {
      kind = 'circle';
      @Type((help) => (help?.object['kind'] === 'circle' ? Circle : Square)) shape: object =
        new Circle();
    }
    registerSessionTypes(Box);
    const boxes = [new Box(), assigned(Box, { kind: 'square', shape: new Square() })];
    expect(roundTrip(boxes)).toStrictEqual(boxes);
  });

  it('make a literal in a typed field an instance, as class-transformer does', () => {
    const user = assigned(User, { address: { street: 's', city: 'c' } as Address });
    expect(roundTrip(user).address).toBeInstanceOf(Address);
  });
});

describe('without the storage of class-transformer', () => {
  it('keeps rich types, and does not read half of an instance', () => {
    class Plain {
      at = new Date(5);
      n = 1n;
      @Type(() => Address) home = home;
    }
    const plan = compilePlan(Plain, () => undefined, undefined);
    const text = plan.write(new Plain(), new Encoder('values.x'));
    expect(text).toBe(
      '{"at":{"$date":5},"n":{"$bigint":"1"},"home":{"street":"1 Main St","city":"Paris"}}',
    );
    expect(plan.revive(JSON.parse(text), new Decoder())).toStrictEqual(new Plain());
    expect(plan.revive({ at: { '@Gone': 1 } }, new Decoder())).toBe(UNKNOWN);
  });
});
