/** What decides of a value, as FORMAT.md says it: each rule, and the cases in which it was broken. */
import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Expose, Transform, Type } from 'class-transformer';
import { IsPositive, registerDecorator, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { SessionValues } from '../session/session-values.js';
import { hiddenState, type ClassFunction } from './class-source.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { revive, serialize } from './serializer.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';
import { DEFAULT_RULES } from './value-rules.js';

const roundTrip = (value: unknown): any => revive(serialize(value, 'values.x'));
const valuesOf = (texts: Record<string, string>): SessionValues =>
  new SessionValues(new Map(Object.entries(texts)), DEFAULT_RULES, () => undefined);

describe('the chapter of FORMAT.md', () => {
  it('has a paragraph for each rule that is walked here', () => {
    const format = readFileSync(new URL('FORMAT.md', import.meta.url), 'utf8');
    const chapter = format.slice(format.indexOf('## What decides'));
    expect([...chapter.matchAll(/^\*\*(.*?)\.\*\*/gm)].map(([, rule]) => rule)).toEqual([
      'What decides whether a value has changed',
      'What is stored of an instance',
      'What is asked of a class before it is accepted',
    ]);
  });
});

describe('what decides whether a value has changed', () => {
  class Secret {
    constructor(public text: string) {}
  }
  let nonce = 0;
  registerSessionType(Secret, {
    name: 'never/secret',
    serialize: ({ text }) => ({ text, nonce: nonce++ }),
    revive: ({ text }) => new Secret(text),
  });
  const stored = serialize({ secret: new Secret('a'), n: 1 }, 'values.x');

  it('is not a form that is written differently each time', () => {
    const values = valuesOf({ x: stored });
    values.all();
    expect(values.isChanged('x')).toBe(false);
    expect(values.textsNow(false).get('x')).toBe(stored);
  });

  it('is what one sees of it, or beside it, all the same', () => {
    for (const change of [
      (x: any) => void (x.secret.text = 'b'),
      (x: any) => void (x.n = 2),
      (x: any) => void (x.secret = new Secret('b')),
    ]) {
      const values = valuesOf({ x: stored });
      change(values.get('x'));
      expect(values.isChanged('x')).toBe(true);
    }
  });

  it('writes what was set once, however often it is asked', () => {
    const values = valuesOf({});
    values.set('x', new Secret('new'));
    expect(values.textsNow(false).get('x')).toBe(values.textsNow(false).get('x'));
  });

  it('is not what a getter shows', () => {
    let now = 0;
    class Clocked {
      n = 1;
      @Expose() get at(): number {
        return now++;
      }
    }
    registerSessionType(Clocked, { name: 'never/clocked' });
    const text = serialize(new Clocked(), 'values.x');
    expect(text).toBe('{"@never/clocked":{"n":1}}');
    const values = valuesOf({ x: text });
    values.all();
    expect(values.isChanged('x')).toBe(false);
  });
});

describe('what is stored of an instance', () => {
  it('are the fields that are read back, without those that a new one leaves undefined', () => {
    const optional = Array.from({ length: 30 }, (_, n) => `f${n}`);
    const cls = runInThisContext(`(class Sparse { ${optional.join('; ')} })`) as new () => any;
    registerSessionType(cls, { name: 'never/sparse' });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...optional), fc.constantFrom(null, 0, 'x', undefined)),
        (fields) => {
          const value = Object.assign(new cls(), fields);
          const text = serialize(value, 'values.x');
          expect(text).not.toContain('$undefined');
          expect(revive(text)).toStrictEqual(value);
        },
      ),
    );
  });

  it('leaves an accessor that the constructor makes what it is', () => {
    class Cart {
      items = [1, 2];
      declare count: number;
      constructor() {
        Object.defineProperty(this, 'count', { get: () => this.items.length, enumerable: true });
      }
    }
    registerSessionType(Cart, { name: 'never/cart' });
    const back = roundTrip(Object.assign(new Cart(), { items: [1, 2, 3] })) as Cart;
    expect(back.count).toBe(3);
    back.items.push(4);
    expect(back.count).toBe(4);
  });

  it('refuses an accessor whose value is in no field, and one that nobody makes again', () => {
    class Observed {
      declare count: number;
      constructor() {
        let count = 0;
        const set = (value: number): void => void (count = value);
        Object.defineProperty(this, 'count', { get: () => count, set, enumerable: true });
      }
    }
    class Built {
      declare n: number;
      constructor(n: number) {
        Object.defineProperty(this, 'n', { get: () => n, enumerable: true });
      }
    }
    registerSessionType(Observed, { name: 'never/observed' });
    registerSessionType(Built, { name: 'never/built' });
    expect(roundTrip(new Observed()).count).toBe(0);
    expect(() => serialize(Object.assign(new Observed(), { count: 5 }), 'values.x')).toThrow(
      /^values\.x\.count would not come back as it is: .*serialize and revive/,
    );
    expect(() => serialize([new Built(5)], 'values.x')).toThrow(
      /^values\.x\[0\]\.n is an accessor of the instance/,
    );
  });

  it('refuses what a transform without a direction would make another value', () => {
    class Priced {
      @Transform(({ value }) => value * 100) price: unknown = 0;
      @Transform(({ value }) => value === 'true') isOpen: unknown = false;
      @Transform(({ value }) => value?.trim()) name: unknown = '';
    }
    registerSessionType(Priced, { name: 'never/priced' });
    fc.assert(
      fc.property(
        fc.record({
          price: fc.constantFrom(0, 1, -5, Infinity),
          isOpen: fc.constantFrom(true, false, 'true'),
          name: fc.constantFrom('a', ' a', ''),
        }),
        (fields) => {
          const value = Object.assign(new Priced(), fields);
          let text: string;
          try {
            text = serialize({ list: [value] }, 'values.x');
          } catch (error) {
            expect(error).toMatchObject({
              code: 'SESSION_UNSERIALIZABLE',
              message: expect.stringMatching(/^values\.x\.list\[0\]\.\w+ would .*toClassOnly/),
            });
            return;
          }
          expect(revive(text)).toStrictEqual({ list: [value] });
        },
      ),
    );
    expect(() => serialize(Object.assign(new Priced(), { price: 5 }), 'values.x')).toThrow(/price/);
  });

  it('keeps the property that tells the class, if it is one of its names', () => {
    class Shape {
      kind?: string;
    }
    class Round extends Shape {}
    class Drawing {
      @Type(() => Shape, {
        keepDiscriminatorProperty: true,
        discriminator: {
          property: 'kind',
          subTypes: [
            { value: Round, name: 'A' },
            { value: Round, name: 'B' },
          ],
        },
      })
      shape = new Round();
    }
    registerSessionType(Drawing, { name: 'never/drawing' });
    for (const kind of ['A', 'B']) {
      const drawing = new Drawing();
      drawing.shape.kind = kind;
      expect(roundTrip(drawing)).toStrictEqual(drawing);
    }
    const drawing = new Drawing();
    drawing.shape.kind = 'C';
    expect(() => serialize(drawing, 'values.x')).toThrow(/^values\.x\.shape\.kind .*"A" or "B"/);
  });
});

describe('what is asked of a class before it is accepted', () => {
  it('is a source that can be read', () => {
    class Compiled {
      n = 1;
    }
    const { toString } = Function.prototype as { toString: (this: unknown) => string };
    const spy = jest.spyOn(Function.prototype, 'toString').mockImplementation(function (
      this: unknown,
    ) {
      return this === Compiled ? '\u200b'.repeat(40) : toString.call(this);
    });
    try {
      expect(() => registerSessionType(Compiled, { name: 'never/compiled' })).toThrow(
        /source that cannot be read.*serialize, revive/,
      );
    } finally {
      spy.mockRestore();
    }
  });

  it('is that no decorator keeps the value of a field elsewhere', () => {
    const kept = new WeakMap<object, unknown>();
    const observed = (target: object, key: string): void =>
      void Object.defineProperty(target, key, {
        get(this: object) {
          return kept.get(this);
        },
        set(this: object, value: unknown) {
          kept.set(this, value);
        },
      });
    class Store {
      @observed declare count: number;
    }
    expect(() => registerSessionTypes(Store)).toThrow(/accessor count that a decorator put/);
    class Pair {
      private text = '';
      get name(): string {
        return this.text;
      }
      set name(value: string) {
        this.text = value;
      }
    }
    expect(hiddenState(Pair as unknown as ClassFunction)).toBeUndefined();
  });

  it('is that its constraints answer at once', () => {
    const Asynchronous =
      (async: boolean) =>
      (target: object, propertyName: string): void =>
        registerDecorator({
          name: 'never',
          target: target.constructor,
          propertyName,
          async,
          validator: { validate: () => Promise.reject(new Error('late')) },
        });
    class Flagged {
      @Asynchronous(true) n = 1;
    }
    class Unflagged {
      @IsPositive() @Asynchronous(false) n = 1;
    }
    class Holder {
      @ValidateNested() @Type(() => Unflagged) inner = new Unflagged();
    }
    expect(() => registerSessionType(Flagged, { name: 'never/f', validate: true })).toThrow(
      /answers with a promise/,
    );
    registerSessionType(Unflagged, { name: 'never/unflagged', validate: true });
    registerSessionType(Holder, { name: 'never/holder', validate: true });
    for (const value of [new Unflagged(), new Holder()]) {
      expect(() => roundTrip(value)).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    }
  });
});

describe('statement 75 (work that grows): a value of nested keys that begin with $', () => {
  const shells: ((inner: unknown) => unknown)[] = [
    (inner) => ({ $a: inner, b: 1 }),
    (inner) => ({ $a: inner }),
    (inner) => ({ '@a': [inner] }),
    (inner) => Object.assign(Object.create(null), { $a: inner }),
    (inner) => new Map([['$a', inner]]),
  ];

  /** The characters that JSON is asked to read and to write in a run. */
  function charactersIn(run: () => unknown): number {
    const { parse, stringify } = JSON;
    let count = 0;
    JSON.parse = (text, reviver) => ((count += text.length), parse(text, reviver));
    JSON.stringify = ((value: unknown) => {
      const text = stringify(value);
      count += text.length;
      return text;
    }) as typeof stringify;
    try {
      run();
      return count;
    } finally {
      Object.assign(JSON, { parse, stringify });
    }
  }

  it('is written and read in steps that grow with its text, and no more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...shells), { minLength: 1, maxLength: 45 }),
        fc.string({ maxLength: 2000 }),
        (levels, core) => {
          let reads = 0;
          const counted = (inner: unknown, shell: (inner: unknown) => unknown): unknown => {
            const value = shell(inner);
            if (value instanceof Map) return value;
            return new Proxy(value as object, {
              get: (target, key) => (reads++, Reflect.get(target, key)),
            });
          };
          const value = levels.reduce<unknown>(counted, core);
          let text = '';
          const written = charactersIn(() => (text = serialize(value, 'values.x')));
          const read = charactersIn(() => revive(text));
          expect(written).toBeLessThanOrEqual(2 * text.length + 100);
          expect(read).toBeLessThanOrEqual(2 * text.length + 100);
          // Once to see whether it is plain, once to write it, for each of its two fields.
          expect(reads).toBeLessThanOrEqual(4 * levels.length + 4);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is proved and read in steps that grow with its depth, and no more', () => {
    class Link {
      @Transform(({ value, obj }) => (obj === undefined ? obj : value)) note = 'n';
      @Type(() => Link) @Transform(({ value }) => value) next: unknown;
      @Transform(({ value }) => value) list: unknown[] = [];
    }
    registerSessionType(Link, { name: 'never/link' });
    const chain = (levels: number, kinds: readonly boolean[]): unknown => {
      let link: unknown = 'end';
      for (let level = 0; level < levels; level++) {
        const isListed = kinds[level % kinds.length];
        link = Object.assign(new Link(), isListed ? { list: [link] } : { next: link });
      }
      return link;
    };
    /** The values that are looked at while a chain is written and read. */
    const stepsFor = (levels: number, kinds: readonly boolean[]): number => {
      const value = chain(levels, kinds);
      const spies = [
        jest.spyOn(Encoder.prototype, 'edge'),
        jest.spyOn(Encoder.prototype, 'value'),
        jest.spyOn(Decoder.prototype, 'value'),
        jest.spyOn(Decoder.prototype, 'typed'),
        jest.spyOn(Decoder.prototype, 'fields'),
      ];
      let read = 0;
      const characters = charactersIn(() => {
        const text = serialize(value, 'values.x');
        expect(revive(text)).toStrictEqual(value);
        read = text.length;
      });
      expect(characters).toBeLessThan(12 * read + 200);
      const steps = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      for (const spy of spies) spy.mockRestore();
      return steps;
    };
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }), (kinds) => {
        // One level more costs the same wherever it is.
        const [few, some, many] = [6, 18, 36].map((levels) => stepsFor(levels, kinds));
        expect(many - some).toBeLessThanOrEqual(1.6 * (some - few) + 20);
      }),
      { numRuns: 15 },
    );
  });
});
