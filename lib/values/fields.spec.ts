/** What a class may say of its fields, in TypeScript and with class-transformer, and gets back. */
import 'reflect-metadata';
import { Expose, instanceToPlain, plainToInstance, Transform, Type } from 'class-transformer';
import { revive, serialize } from './serializer.js';
import { registerSessionTypes } from './type-registry.js';
import { DEFAULT_LIMITS } from './limits.js';
import { ValueRules } from './value-rules.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

abstract class Shape {
  abstract area(): number;
}
class Circle extends Shape {
  radius = 1;
  area(): number {
    return 3 * this.radius ** 2;
  }
}
class Disc extends Circle {
  colour = 'red';
}
class Square extends Shape {
  side = 2;
  area(): number {
    return this.side ** 2;
  }
}

enum Level {
  Low,
  High,
}
enum Mode {
  Dark = 'dark',
  Light = 'light',
}

/** A generic: its type argument is gone when it runs, so the values say what they are. */
class Box<T> {
  constructor(readonly content: T) {}
}

describe('a field', () => {
  it('typed as a base holds whichever subclass is registered', () => {
    class Drawing {
      @Type(() => Shape) main: Shape = new Disc();
      @Type(() => Shape) all: Shape[] = [new Circle(), new Disc(), new Square()];
      @Type(() => Shape) byName = new Map<string, Shape>([['disc', new Disc()]]);
      @Type(() => Shape) seen = new Set<Shape>([new Square()]);
      untyped: Shape[] = [new Circle()];
    }
    registerSessionTypes(Circle, Disc, Square, Drawing);
    const back = roundTrip(new Drawing()) as Drawing;
    expect(back).toStrictEqual(new Drawing());
    expect(back.all.map((shape) => shape.area())).toEqual([3, 3, 4]);
    expect(back.main).toBeInstanceOf(Disc);
  });

  it('refuses a subclass that is not registered, wherever it stands, and names it', () => {
    class Ring extends Circle {
      hole = 1;
    }
    class Frame {
      @Type(() => Circle) one: unknown = null;
      @Type(() => Circle) list: unknown[] = [];
      @Type(() => Circle) map = new Map<string, unknown>();
    }
    registerSessionTypes(Frame);
    for (const [path, fields] of [
      ['one', { one: new Ring() }],
      ['list[1]', { list: [new Circle(), new Ring()] }],
      ['map.values()[0]', { map: new Map([['k', new Ring()]]) }],
    ] as const) {
      expect(() => serialize(Object.assign(new Frame(), fields), 'values.x')).toThrow(
        expect.objectContaining({
          code: 'SESSION_TYPE_UNREGISTERED',
          message: expect.stringMatching(
            `^values.x.${path.replaceAll(/[[\]()]/g, String.raw`\$&`)} is an instance of Ring`,
          ),
        }),
      );
    }
  });

  it('may be generic, in lists and in maps', () => {
    class Holder {
      list: Box<number>[] = [new Box(1), new Box(2)];
      map = new Map<string, Box<Date>>([['at', new Box(new Date(5))]]);
      nested: Box<Box<Set<Square>>> = new Box(new Box(new Set([new Square()])));
    }
    registerSessionTypes(Box, Holder, Square);
    const back = roundTrip(new Holder()) as Holder;
    expect(back).toStrictEqual(new Holder());
    expect(back.nested.content.content).toBeInstanceOf(Set);
  });

  it('may be an enum, optional or nullable', () => {
    class Settings {
      level = Level.High;
      mode: Mode = Mode.Dark;
      levels = new Map([[Level.Low, Mode.Light]]);
      @Type(() => Square) square?: Square;
      @Type(() => Square) none: Square | null = null;
      @Type(() => Date) at?: Date | null;
      note?: string;
    }
    registerSessionTypes(Settings);
    for (const fields of [
      {},
      { square: new Square(), none: new Square(), at: new Date(5), note: 'x' },
      { square: undefined, none: null, at: null, note: undefined },
    ]) {
      const value = Object.assign(new Settings(), fields);
      expect(roundTrip(value)).toStrictEqual(value);
    }
    const sparse = new Settings();
    delete sparse.note;
    delete sparse.square;
    // What was not stored is what the initialiser makes it.
    expect(roundTrip(sparse)).toStrictEqual(new Settings());
  });

  it('may be a getter that is exposed, which gives again what it gives', () => {
    class Cart {
      prices = [1, 2];
      @Expose() get total(): number {
        return this.prices.reduce((sum, price) => sum + price, 0);
      }
      @Expose({ name: 'n' }) get count(): number {
        return this.prices.length;
      }
    }
    registerSessionTypes(Cart);
    expect(serialize(new Cart(), 'values.x')).toBe('{"@Cart":{"prices":[1,2]}}');
    const back = revive('{"@Cart":{"prices":[5],"total":99,"n":99}}') as Cart;
    expect([back.total, back.count]).toEqual([5, 1]);
  });

  it('may be renamed, and transformed in both directions', () => {
    class Person {
      @Expose({ name: 'mail' }) email = 'a@b';
      @Transform(({ value }) => (value as string).split(','), { toClassOnly: true })
      @Transform(({ value }) => (value as string[]).join(), { toPlainOnly: true })
      @Expose({ name: 'tagged' })
      tags = ['a', 'b'];
      @Type(() => Square) @Expose({ name: 'sq' }) square = new Square();
    }
    registerSessionTypes(Person);
    expect(serialize(new Person(), 'values.x')).toBe(
      '{"@Person":{"mail":"a@b","tagged":"a,b","sq":{"side":2}}}',
    );
    expect(roundTrip(new Person())).toStrictEqual(new Person());
  });
});

describe('groups and versions of class-transformer', () => {
  class Account {
    always = 1;
    @Expose({ groups: ['staff'] }) notes = 'n';
    @Expose({ groups: ['staff', 'owner'], name: 'phoneNumber' }) phone = '1';
    @Expose({ since: 2 }) added = 2;
    @Expose({ until: 2 }) gone = 3;
    @Expose({ since: 1, until: 3, groups: ['owner'] }) both = 4;
    @Transform(
      ({ value, options: { groups, version } }) => `${value} ${groups?.join()} ${version}`,
      {
        toPlainOnly: true,
      },
    )
    shown = 'x';
    @Transform(() => 'for staff', { groups: ['staff'], toPlainOnly: true }) secret = 'plain';
    @Transform(() => 'since 2', { since: 2, toPlainOnly: true }) dated = 'plain';
  }
  registerSessionTypes(Account);

  it.each([
    {},
    { groups: [] },
    { groups: ['staff'] },
    { groups: ['owner', 'none'] },
    { groups: ['none'] },
    { version: 0 },
    { version: 1 },
    { version: 2 },
    { version: 3.5 },
    { groups: ['owner'], version: 2 },
    { groups: ['staff', 'owner'], version: 1 },
  ])('are what class-transformer makes of them: %j', (options) => {
    const rules = new ValueRules(DEFAULT_LIMITS, options);
    const plain = instanceToPlain(new Account(), options);
    const stored = serialize(new Account(), 'values.x', rules);
    expect(JSON.parse(stored)['@Account']).toEqual(JSON.parse(JSON.stringify(plain)));
    const reader = { rules, report: () => undefined };
    const names = Object.keys(new Account()).filter((name) => name !== 'phone');
    const given = Object.fromEntries([...names, 'phoneNumber'].map((name) => [name, 'given']));
    expect(revive(JSON.stringify({ '@Account': given }), 'x', reader)).toStrictEqual(
      plainToInstance(Account, given, options),
    );
  });

  it('are those of the session, and do not stay with the class', () => {
    const staff = new ValueRules(DEFAULT_LIMITS, { groups: ['staff'] });
    expect(serialize(new Account(), 'values.x', staff)).toContain('"notes"');
    expect(serialize(new Account(), 'values.x')).not.toContain('"notes"');
    expect(serialize(new Account(), 'values.x', staff)).toContain('"notes"');
  });
});

describe('identity', () => {
  it('is not kept: one instance in two places is two', () => {
    const square = new Square();
    const back = roundTrip({ a: square, b: [square] }) as { a: Square; b: Square[] };
    expect(back).toStrictEqual({ a: square, b: [square] });
    expect(back.a).not.toBe(back.b[0]);
  });

  it('that leads in a circle is an error with its place', () => {
    class Friend {
      friend?: unknown;
    }
    registerSessionTypes(Friend);
    const [ann, bob] = [new Friend(), new Friend()];
    ann.friend = [bob];
    bob.friend = new Map([['best', ann]]);
    expect(() => serialize({ ann }, 'values.x')).toThrow(
      expect.objectContaining({
        code: 'SESSION_UNSERIALIZABLE',
        message: expect.stringContaining(
          'values.x.ann.friend[0].friend.values()[0] is a cycle: it leads back to values.x.ann.',
        ),
      }),
    );
  });
});
