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
import type { ClassFunction } from './class-source.js';
import { metadataStorage } from './class-transformer.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionTypes } from './type-registry.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));

const assigned = <T extends object>(cls: new () => T, fields: Partial<T>): T =>
  Object.assign(new cls(), fields);

class Address {
  street = '';
  city = '';
}

class User {
  @Type(() => Address) address!: Address;
}

registerSessionTypes(User);

const home = assigned(Address, { street: '1 Main St', city: 'Paris' });

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

  const byStorage = (cls: ClassFunction): ClassPlan =>
    compilePlan(cls, byStorage, metadataStorage());
  const byFunctions = (cls: ClassFunction): ClassPlan => compilePlan(cls, byFunctions, undefined);

  /** What is not read back is not stored. */
  const NOT_READ = ['computed', 'count', 'initials'];

  it.each(CLASSES)('give the same stored fields as instanceToPlain: %p', (cls) => {
    const plain = JSON.parse(JSON.stringify(instanceToPlain(new cls())));
    for (const name of NOT_READ) delete plain[name];
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
    expect(metadataStorage()).toBeDefined();
    const compiled = byStorage(cls);
    const fallback = byFunctions(cls);
    const plain = plainBy(fallback, new cls());
    for (const name of NOT_READ) delete plain[name];
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
    const user = assigned(User, { address: { street: 's', city: 'c' } });
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
