/** What decides of a value, as FORMAT.md says it: each rule, and the cases in which it was broken. */
import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
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

/** The sentences of the chapter of FORMAT.md that were walked, in their order. */
const walked: string[] = [];

/** A sentence of the chapter, and what shows that it holds. */
function rule(sentence: string, prove: () => void): void {
  walked.push(sentence);
  describe.each([sentence])('%s', () => {
    prove();
  });
}

/** A sentence that a whole program shows, in a test of its own. */
function ruleShownBy(file: string, sentence: string): void {
  walked.push(sentence);
  it(`${sentence} (${file})`, () => {
    const test = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(test).toContain(`describe('FORMAT.md: ${sentence}'`);
  });
}

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

  const isChangedBy = (text: string, change: (x: any) => void): boolean => {
    const values = valuesOf({ x: text });
    change(values.get('x'));
    return values.isChanged('x');
  };

  rule(
    'A value has changed where its text is another than the text of the stored value, read and written again.',
    () => {
      it('whatever was done to it', () => {
        fc.assert(
          fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
            const text = serialize({ v: before }, 'values.x');
            const isChanged = serialize({ v: after }, 'values.x') !== text;
            expect(isChangedBy(text, (x) => void (x.v = after))).toBe(isChanged);
          }),
        );
      });

      it('and not where the stored text has another order or white space', () => {
        expect(isChangedBy('{ "b": 1, "a": 2 }', () => undefined)).toBe(false);
      });
    },
  );

  rule(
    'Where that text differs each time, because a form or a transform writes more than the value, the fields decide, without forms and transforms.',
    () => {
      it('so that it is no change to read it', () => {
        expect(isChangedBy(stored, () => undefined)).toBe(false);
      });

      it('and a change to change what one sees of it, or beside it', () => {
        for (const change of [
          (x: any) => void (x.secret.text = 'b'),
          (x: any) => void (x.n = 2),
          (x: any) => void (x.secret = new Secret('b')),
        ]) {
          expect(isChangedBy(stored, change)).toBe(true);
        }
      });

      it('so that what was set is written once, however often it is asked', () => {
        const values = valuesOf({});
        values.set('x', new Secret('new'));
        expect(values.textsNow(false).get('x')).toBe(values.textsNow(false).get('x'));
      });
    },
  );

  rule(
    'Where the fields differ each time too, only another object in its place is a change.',
    () => {
      class Drawn {
        ticket = nonce++;
      }
      registerSessionType(Drawn, {
        name: 'never/drawn',
        serialize: () => nonce++,
        revive: () => new Drawn(),
      });
      const drawn = serialize(new Drawn(), 'values.x');

      it('and nothing within it', () => {
        expect(isChangedBy(drawn, (x) => void (x.ticket = -1))).toBe(false);
        const values = valuesOf({ x: drawn });
        values.get('x');
        values.set('x', new Drawn());
        expect(values.isChanged('x')).toBe(true);
      });
    },
  );

  rule('The type of such a value is reported once.', () => {
    it('whatever is read of it', () => {
      class Often {
        n = 1;
      }
      registerSessionType(Often, {
        name: 'never/often',
        serialize: ({ n }) => [n, nonce++],
        revive: () => new Often(),
      });
      const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      try {
        const text = serialize(new Often(), 'values.x');
        for (let n = 0; n < 3; n++) isChangedBy(text, () => undefined);
        expect(warned.mock.calls).toEqual([[expect.stringContaining('"@never/often"')]]);
      } finally {
        warned.mockRestore();
      }
    });
  });

  rule('A value that has not changed keeps its stored text.', () => {
    it.each([stored, '{ "b": 1, "a": [ 2 ] }'])('such as %s', (text) => {
      const values = valuesOf({ x: text });
      values.all();
      expect(values.textsNow(false).get('x')).toBe(text);
    });
  });
});

describe('what is stored of an instance', () => {
  rule(
    'The enumerable fields of its own that its class reads back are stored, and no others.',
    () => {
      class Kept {
        a = 1;
        @Expose({ name: 'c' }) b = 2;
        @Transform(({ value }) => value, { toClassOnly: true }) d: unknown = 3;
        inherited(): void {}
      }
      registerSessionType(Kept, { name: 'never/kept' });

      it('and come back as they were', () => {
        fc.assert(
          fc.property(
            fc.record({ a: fc.jsonValue(), b: fc.jsonValue(), d: fc.jsonValue() }),
            fc.dictionary(
              fc.string().filter((key) => !['a', 'b', 'c', 'd', '__proto__'].includes(key)),
              fc.jsonValue(),
            ),
            (fields, more) => {
              const value = Object.assign(new Kept(), more, fields);
              Object.defineProperty(value, 'hidden', { value: 5, configurable: true });
              const text = serialize(value, 'values.x');
              const stored = JSON.parse(text)['@never/kept'];
              expect(Object.keys(stored).sort()).toEqual(
                ['a', 'c', 'd', ...Object.keys(more).filter((key) => key !== 'hidden')].sort(),
              );
              const back = revive(text) as object;
              const { hidden: _, ...expected } = value as Record<string, any>;
              const { hidden: __, ...found } = back as Record<string, any>;
              expect(found).toEqual(expected);
            },
          ),
        );
      });
    },
  );

  rule(
    'So what a getter or an exposed method shows is not stored, nor is what `@Exclude()` keeps away in either direction.',
    () => {
      it('and no change of it is one of the value', () => {
        let now = 0;
        class Clocked {
          n = 1;
          @Expose() get at(): number {
            return now++;
          }
          @Expose() next(): number {
            return now++;
          }
          @Exclude({ toPlainOnly: true }) unwritten = now++;
          @Exclude({ toClassOnly: true }) unread = now++;
          @Exclude() neither = now++;
        }
        registerSessionType(Clocked, { name: 'never/clocked' });
        const text = serialize(new Clocked(), 'values.x');
        expect(text).toBe('{"@never/clocked":{"n":1}}');
        const values = valuesOf({ x: text });
        values.all();
        expect(values.isChanged('x')).toBe(false);
      });
    },
  );

  rule(
    'An accessor that the constructor makes is not stored, since a new instance has it again.',
    () => {
      it('and shows what it should', () => {
        class Cart {
          items = [1, 2];
          declare count: number;
          constructor() {
            Object.defineProperty(this, 'count', {
              get: () => this.items.length,
              enumerable: true,
            });
          }
        }
        registerSessionType(Cart, { name: 'never/cart' });
        const back = roundTrip(Object.assign(new Cart(), { items: [1, 2, 3] })) as Cart;
        expect(back.count).toBe(3);
        back.items.push(4);
        expect(back.count).toBe(4);
      });
    },
  );

  rule(
    'A field that is `undefined`, and that a new instance has and leaves `undefined`, is not stored.',
    () => {
      it('so that thirty optional fields take no room', () => {
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

      it('nor is an exposed one that neither of them has', () => {
        class Declared {
          @Expose() declare nick?: string;
          @Expose() name = 'a';
        }
        registerSessionType(Declared, { name: 'never/declared' });
        expect(serialize(new Declared(), 'values.x')).toBe('{"@never/declared":{"name":"a"}}');
        expect(roundTrip(new Declared())).toStrictEqual(new Declared());
      });
    },
  );

  rule(
    'A field that a new instance has with a value, and this one has not at all, is stored as `undefined`.',
    () => {
      it('so that it does not come back with that value', () => {
        class Partial {
          a: unknown = 1;
          @Expose() b: unknown = [2];
          c?: unknown;
        }
        registerSessionType(Partial, { name: 'never/partial' });
        fc.assert(
          fc.property(
            fc.record(
              { a: fc.jsonValue(), b: fc.jsonValue(), c: fc.jsonValue() },
              { requiredKeys: [] },
            ),
            (fields) => {
              // As object-relational mappers make an instance, and as `delete` leaves one.
              const value = Object.assign(Object.create(Partial.prototype), fields);
              expect(roundTrip([value])).toEqual([value]);
            },
          ),
        );
      });
    },
  );

  rule(
    'What a transform without a direction, or an accessor with a setter, would bring back as another value is refused when it is written.',
    () => {
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
        expect(() => serialize(Object.assign(new Priced(), { price: 5 }), 'values.x')).toThrow(
          /price/,
        );
      });
    },
  );

  rule(
    'The property that tells the class (the discriminator) is stored beside the fields, and a value of its own is refused where its `@Type` drops the property, or where the value is none of the names of the class.',
    () => {
      it('where it is dropped', () => {
        class Pet {
          kind?: string;
        }
        class Dog extends Pet {}
        class Home {
          @Type(() => Pet, {
            discriminator: { property: 'kind', subTypes: [{ value: Dog, name: 'dog' }] },
          })
          pet = new Dog();
        }
        registerSessionType(Home, { name: 'never/home' });
        const home = new Home();
        expect(roundTrip(home)).toStrictEqual(home);
        home.pet.kind = 'dog';
        expect(() => serialize(home, 'values.x')).toThrow(
          /^values\.x\.pet\.kind .*keepDiscriminator/,
        );
      });

      it('where it is kept', () => {
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
        expect(() => serialize(drawing, 'values.x')).toThrow(
          /^values\.x\.shape\.kind .*"A" or "B"/,
        );
      });

      it('also where it is stored under the name of another field', () => {
        class Shape {
          @Expose({ name: 'kind' }) label?: string;
        }
        class Round extends Shape {}
        class Named {
          @Type(() => Shape, {
            keepDiscriminatorProperty: true,
            discriminator: { property: 'kind', subTypes: [{ value: Round, name: 'round' }] },
          })
          shape = new Round();
        }
        registerSessionType(Named, { name: 'never/named' });
        const named = new Named();
        named.shape.label = 'oval';
        expect(() => serialize(named, 'values.x')).toThrow(/^values\.x\.shape\.label .*"round"/);
        named.shape.label = 'round';
        expect(roundTrip(named)).toStrictEqual(named);
      });
    },
  );
});

describe('what is asked of a class before it is accepted', () => {
  rule(
    'Its fields are all there is to it, which its source and its prototype must show: no built-in ancestor, no `#private` field, no `#private` method without the constructor that installs it, no accessor that a decorator put on the prototype, no source that cannot be read.',
    () => {
      it.each([
        ['class extends Array {}', /extends Array/],
        ['class extends class extends Date {} {}', /extends Date/],
        ['class { #cents = 1 }', /#private fields/],
        ['class extends class { #cents } {}', /#private fields/],
        ['class { #m() {} constructor(n) {} }', /#private methods/],
      ])('so that this one is refused: %s', (source, message) => {
        const cls = runInThisContext(`(${source})`) as ClassFunction;
        expect(() => registerSessionType(cls as never, { name: 'never/refused' })).toThrow(message);
      });

      it('and a method that the constructor installs is accepted', () => {
        class Counted {
          n = 1;
          #next(): number {
            return this.n + 1;
          }
          next(): number {
            return this.#next();
          }
        }
        registerSessionType(Counted, { name: 'never/counted' });
        expect((roundTrip(new Counted()) as Counted).next()).toBe(2);
      });

      it('and a source that cannot be read is refused', () => {
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

      it('and a decorator that keeps the value of a field elsewhere', () => {
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
    },
  );

  rule('A class for which this does not hold has `serialize` and `revive`.', () => {
    it('and is accepted with them', () => {
      class Sealed {
        readonly #cents: number;
        constructor(cents: number) {
          this.#cents = cents;
        }
        get cents(): number {
          return this.#cents;
        }
      }
      expect(() => registerSessionTypes(Sealed)).toThrow(/serialize, revive/);
      registerSessionType(Sealed, {
        name: 'never/sealed',
        serialize: ({ cents }) => cents,
        revive: (cents: number) => new Sealed(cents),
      });
      expect((roundTrip(new Sealed(100)) as Sealed).cents).toBe(100);
    });
  });

  rule(
    'Its name is its own: a second class under the name is an error, unless it is the first one, evaluated again.',
    () => {
      it('for any two classes, whatever their text', () => {
        let serial = 0;
        const source = fc
          .array(fc.constantFrom('a = 1', 'b', 'get c() { return 1 }', 'd() {}'))
          .map((members) => `(class Address { ${members.join('; ')} })`);
        fc.assert(
          fc.property(source, source, fc.boolean(), (one, other, isSame) => {
            const name = `never/address ${serial++}`;
            registerSessionType(runInThisContext(one), { name });
            expect(() =>
              registerSessionType(runInThisContext(isSame ? one : other), { name }),
            ).toThrow(/Two classes are registered/);
          }),
        );
      });
    },
  );

  ruleShownBy(
    'test/evaluated-again.spec.ts',
    'It is evaluated again where both name the same file in `definedIn`, or, where neither names one, where the library was evaluated again too and both have the same text.',
  );

  rule('What it is checked by answers at once.', () => {
    it('and a constraint that does not is an error', () => {
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

  ruleShownBy('test/two-copies.spec.ts', 'One copy of class-transformer knows it.');
});

describe('the chapter of FORMAT.md', () => {
  it('has the sentences that are walked here, and no others', () => {
    const format = readFileSync(new URL('FORMAT.md', import.meta.url), 'utf8');
    const chapter = /^## What decides$.*?(?=^## )/ms.exec(format)![0];
    const paragraphs = [...chapter.matchAll(/^\*\*.*?\.\*\*\s(.*?)\n\n/gms)];
    expect(paragraphs).toHaveLength(3);
    const sentences = paragraphs.flatMap(([, text]) =>
      text.replaceAll('\n', ' ').split(/(?<=\.) (?=[A-Z])/),
    );
    expect(sentences).toEqual(walked);
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
