import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
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

  it('is refused where two of its fields are stored under one name', () => {
    class Renamed {
      @Expose({ name: 'id' }) key = 1;
      id?: number;
    }
    class Twice {
      @Expose({ name: 'n' }) a = 1;
      @Expose({ name: 'n' }) b = 2;
    }
    registerSessionTypes(Renamed, Twice);
    const renamed = new Renamed();
    delete renamed.id;
    expect(serialize(renamed, 'values.x')).toBe('{"@Renamed":{"id":1}}');
    expect(() => serialize(assigned(Renamed, { id: 2 }), 'values.x')).toThrow(
      /^values\.x\.id is stored under the name "id", and so is another field/,
    );
    expect(() => serialize([new Twice()], 'values.x')).toThrow(
      /^values\.x\[0\]\.b is stored under the name "n", and so is another field/,
    );
  });

  it('is refused where the name of its class would replace a field of it', () => {
    class Shape {
      kind?: string;
    }
    class Circle extends Shape {
      r = 1;
    }
    class Drawing {
      @Type(() => Shape, {
        discriminator: { property: 'kind', subTypes: [{ value: Circle, name: 'circle' }] },
      })
      shapes: Shape[] = [new Circle()];
    }
    registerSessionTypes(Drawing);
    const drawing = new Drawing();
    expect(roundTrip(drawing)).toStrictEqual(drawing);
    drawing.shapes[0].kind = 'round';
    expect(() => serialize({ drawing }, 'values.x')).toThrow(
      /^values\.x\.drawing\.shapes\[0\]\.kind is stored under the property that tells the class .*Set it to "circle"/,
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
    expect(serialize(new Guarded(), 'values.x')).toBe('{"@Guarded":{}}');
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
    expect(serialize(new Counted(), 'values.x')).toBe('{"@Counted":{"n":2}}');
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
});

describe('reviving an instance that its constructor closed', () => {
  it.each(['freeze', 'seal', 'preventExtensions'] as const)(
    'gives it what was stored, and closes it likewise: %s',
    (close) => {
      class Closed {
        static next: unknown = 'a';
        n = Closed.next;
        at = new Date(0);
        constructor() {
          (Object[close] as (instance: object) => void)(this);
        }
      }
      registerSessionType(Closed, { name: close });
      const stored = new Closed();
      Closed.next = 'b';
      const back = roundTrip(stored);
      expect(back).toStrictEqual(stored);
      expect(back).toBeInstanceOf(Closed);
      expect(Object.isFrozen(back)).toBe(Object.isFrozen(stored));
      expect(Object.isSealed(back)).toBe(Object.isSealed(stored));
      expect(Object.isExtensible(back)).toBe(false);
      // A field that an earlier build had.
      expect(revive(`{"@${close}":{"old":1}}`)).toHaveProperty('old', 1);
    },
  );

  it.each(['freeze', 'seal', 'preventExtensions'] as const)(
    'does so where it left the first of the class open: %s',
    (close) => {
      class Fickle {
        static isClosing = false;
        n: unknown = 1;
        gone: unknown = 1;
        set level(_: unknown) {
          throw new Error('The setter ran');
        }
        @Expose()
        @Transform(({ value }) => (value as unknown) ?? 'computed')
        declare label: string;
        constructor() {
          if (Fickle.isClosing) (Object[close] as (instance: object) => void)(this);
        }
      }
      registerSessionType(Fickle, { name: `fickle/${close}` });
      const text = `{"@fickle/${close}":{"gone":{"@Gone":1},"n":2,"old":3}}`;
      const texts = [text, text.replace('"old"', '"level"'), `{"@fickle/${close}":{}}`];
      const open = texts.map((one) => revive(one) as Fickle);
      Fickle.isClosing = true;
      const closed = texts.map((one) => revive(one) as Fickle);
      expect(open.map((one) => Object.isExtensible(one))).toEqual([true, true, true]);
      expect(closed.map((one) => Object.isExtensible(one))).toEqual([false, false, false]);
      expect(closed[0]).toMatchObject({ gone: undefined, n: 2, old: 3, label: 'computed' });
      expect(Object.isFrozen(closed[0])).toBe(close === 'freeze');
      closed.forEach((one, index) => {
        expect(one).toStrictEqual(open[index]);
        expect(serialize(one, 'values.x')).toBe(serialize(open[index], 'values.x'));
      });
      expect(serialize(closed[0], 'values.x')).toContain('"gone":{"@Gone":1}');
    },
  );

  it('gives it what was stored where a property is read-only, and leaves an accessor one', () => {
    const runs: unknown[] = [];
    class Numbered {
      static next = 1;
      declare readonly id: number;
      declare level: number;
      constructor() {
        Object.defineProperty(this, 'id', { value: Numbered.next++, enumerable: true });
        Object.defineProperty(this, 'level', {
          get: () => 1,
          set(value) {
            runs.push(value);
          },
          enumerable: true,
        });
      }
    }
    registerSessionTypes(Numbered);
    const back = revive('{"@Numbered":{"id":7,"level":5,"more":true}}') as Numbered;
    expect(back).toMatchObject({ id: 7, level: 1, more: true });
    expect(back).toBeInstanceOf(Numbered);
    expect(Object.getOwnPropertyDescriptor(back, 'id')?.writable).toBe(false);
    expect(runs).toEqual([]);
    expect((revive('{"@Numbered":{"id":8}}') as Numbered).id).toBe(8);
  });

  it('keeps in it what this build does not know', () => {
    class Sealed {
      in: unknown = 1;
      constructor() {
        Object.freeze(this);
      }
    }
    registerSessionTypes(Sealed);
    const text = '{"@Sealed":{"in":{"@Gone":1}}}';
    const back = revive(text);
    expect(back).toEqual(Object.assign(Object.create(Sealed.prototype), { in: undefined }));
    expect(serialize(back, 'values.x')).toBe(text);
  });
});

describe('a class with #private methods', () => {
  it('has them again, because its constructor runs', () => {
    class Greeter {
      name = 'Ann';
      greet(): string {
        return this.#hi() + this.#mark;
      }
      #hi(): string {
        return `Hi ${this.name}`;
      }
      get #mark(): string {
        return '!';
      }
    }
    registerSessionTypes(Greeter);
    expect(roundTrip(assigned(Greeter, { name: 'Bob' })).greet()).toBe('Hi Bob!');
  });

  it('is refused where its constructor closes the instance', () => {
    class Closed {
      name = 'Ann';
      constructor() {
        Object.freeze(this);
      }
      greet(): string {
        return this.#hi();
      }
      #hi(): string {
        return `Hi ${this.name}`;
      }
    }
    registerSessionType(Closed, { name: 'Closed greeter' });
    for (let time = 0; time < 2; time++) {
      expect(() => serialize({ a: new Closed() }, 'values.x')).toThrow(
        /^values\.x\.a is an instance of Closed, which has #private methods and closes itself.*registerSessionType\(Closed, \{ serialize, revive \}\)/,
      );
    }
    expect(revive('{"@Closed greeter":{"name":"Bob"}}')).toBe(UNKNOWN);
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
