import { runInThisContext } from 'node:vm';
import { SessionError } from '../session.errors.js';
import { revive, serialize } from './serializer.js';
import type { SessionClass } from './type-options.js';
import { registerSessionType, registerSessionTypes } from './type-registry.js';

/** A class from its source, evaluated anew each time. */
const evaluated = (source: string): SessionClass & (new () => object) =>
  runInThisContext(`(${source})`);

function messageOf(register: () => void): string {
  try {
    register();
  } catch (error) {
    expect(error).toBeInstanceOf(SessionError);
    expect((error as SessionError).code).toBe('SESSION_CONFIG');
    return (error as SessionError).message;
  }
  throw new Error('It was registered.');
}

describe('registering a class', () => {
  it('makes its instances come back, under its name or another', () => {
    class First {
      n = 1;
    }
    class Second {
      n = 2;
    }
    registerSessionTypes(First);
    registerSessionType(Second, { name: 'a second: "type"' });
    const values = [new First(), new Second()];
    const text = serialize(values, 'values.x');
    expect(text).toBe('[{"@First":{"n":1}},{"@a second: \\"type\\"":{"n":2}}]');
    expect(revive(text)).toStrictEqual(values);
  });

  it('takes a class with a private constructor', () => {
    class Token {
      private constructor(readonly text: string) {}
      static of(text: string): Token {
        return new Token(text);
      }
    }
    registerSessionTypes(Token);
    expect(revive(serialize(Token.of('t'), 'values.x'))).toStrictEqual(Token.of('t'));
  });

  it('changes nothing the second time', () => {
    class Twice {
      n = 1;
    }
    registerSessionType(Twice, { name: 'twice' });
    registerSessionType(Twice, { name: 'twice' });
    registerSessionTypes(Twice, Twice);
    expect(serialize(new Twice(), 'values.x')).toBe('{"@twice":{"n":1}}');
    expect(messageOf(() => registerSessionType(Twice, { name: 'thrice' }))).toMatch(
      /"twice".*"thrice"/,
    );
  });

  it('refuses a second class of the name, whatever its text', () => {
    const source = 'class Same { n = 1 }';
    registerSessionTypes(evaluated(source));
    expect(messageOf(() => registerSessionTypes(evaluated(source)))).toMatch(
      /Two classes are registered as the session type "Same".*definedIn/,
    );
    expect(
      messageOf(() => registerSessionType(evaluated(source), { definedIn: '/app/same.js' })),
    ).toMatch(/Two classes/);
  });

  it('refuses it where one statement registers both', () => {
    const sources = ['class Street { n = 1 }', 'class Street { n = 1 }'];
    expect(messageOf(() => registerSessionTypes(...sources.map(evaluated)))).toMatch(/Two classes/);
    expect(
      messageOf(() =>
        sources.forEach(() =>
          registerSessionType(
            class Lane {
              n = 1;
            },
          ),
        ),
      ),
    ).toMatch(/Two classes/);
  });

  it('refuses one of another file, and a place that is none', () => {
    const source = 'class Placed { n = 1 }';
    registerSessionType(evaluated(source), { definedIn: 'file:///app/billing/address.js' });
    expect(
      messageOf(() =>
        registerSessionType(evaluated(source), { definedIn: 'file:///app/orders/address.js' }),
      ),
    ).toMatch(/Two classes/);
    for (const definedIn of ['', 5 as never]) {
      expect(messageOf(() => registerSessionType(evaluated(source), { definedIn }))).toMatch(
        /definedIn of the session type Placed/,
      );
    }
  });

  it('takes a class that was evaluated again for the one it is, where both say one place', () => {
    const source = 'class Reloaded { n = 1 }';
    const older = evaluated(source);
    const newer = evaluated(source);
    registerSessionType(older, { definedIn: 'file:///app/reloaded.js' });
    registerSessionType(newer, { definedIn: 'file:///app/reloaded.js?update=2' });
    const text = serialize([new older(), new newer()], 'values.x');
    expect(text).toBe('[{"@Reloaded":{"n":1}},{"@Reloaded":{"n":1}}]');
    for (const back of revive(text) as object[]) expect(back).toBeInstanceOf(newer);
  });

  it('refuses a second class of the name, and shows both', () => {
    registerSessionTypes(evaluated('class Taken { a = 1 }'));
    expect(messageOf(() => registerSessionTypes(evaluated('class Taken { b = 2 }')))).toMatch(
      /"Taken": class Taken \{ a = 1 \} and class Taken \{ b = 2 \}/,
    );
    expect(() =>
      registerSessionType(evaluated('class Taken { b = 2 }'), { name: 'Taken2' }),
    ).not.toThrow();
  });

  it.each<[string, unknown, RegExp]>([
    ['an object', {}, /must be a class; a value of the type object is none/],
    ['null', null, /must be a class; null is none/],
    ['an arrow function', () => 1, /must be a class/],
    ['a name', 'User', /must be a class/],
    ['an anonymous class', evaluated('class { n = 1 }'), /needs one.*option name/],
    ['Date', Date, /Date is built in/],
    ['Map', Map, /Map is built in/],
    ['Object', Object, /Object is built in/],
    ['Buffer', Buffer, /Buffer is built in/],
    ['RegExp', RegExp, /RegExp is built in.*\{ serialize, revive \}/],
    [
      'a Date by another name',
      evaluated('class D extends Date {}'),
      /D extends Date.*\{ serialize, revive \}/,
    ],
    ['a list', evaluated('class L extends Array {}'), /L extends Array/],
    [
      '#private fields',
      evaluated('class P { #p = 1 }'),
      /P has #private fields.*\{ serialize, revive \}/,
    ],
    [
      'inherited #private fields',
      evaluated('class Q extends class { #p } {}'),
      /Q has #private fields/,
    ],
    [
      '#private methods that no constructor would install',
      evaluated('class M { constructor(n) { this.n = n } #p() {} }'),
      /M has #private methods, which only its constructor installs.*takes arguments.*\{ serialize, revive \}/,
    ],
  ])('refuses %s', (_, cls, message) => {
    expect(messageOf(() => registerSessionTypes(cls as SessionClass))).toMatch(message);
  });

  it.each(['', 'a\nb', 'a\u0000', '\u0085', 5])('refuses the name %j', (name) => {
    const cls = evaluated('class Named { n = 1 }');
    expect(messageOf(() => registerSessionType(cls, { name: name as string }))).toMatch(/name/);
  });

  it.each(['e', 'Ab', 'a$'])('refuses a class name as minifiers make them: %s', (name) => {
    const cls = evaluated(`class ${name} { n = 1 }`);
    expect(messageOf(() => registerSessionTypes(cls))).toMatch(
      `The class ${name} has a name as minifiers make them`,
    );
    registerSessionType(cls, { name: `minified ${name}` });
    registerSessionTypes(cls);
    expect(serialize(new cls(), 'values.x')).toBe(`{"@minified ${name}":{"n":1}}`);
  });

  it('takes a class name of three letters', () => {
    expect(() => registerSessionTypes(evaluated('class Abc { n = 1 }'))).not.toThrow();
  });

  it('adds to what was said before', () => {
    class Added {
      n = 1;
    }
    registerSessionType(Added, { name: 'added' });
    registerSessionType(Added, { version: 2, upgrade: { 1: () => ({ n: 2 }) } });
    registerSessionType(Added, { from: ['earlier'] });
    expect(serialize(new Added(), 'values.x')).toBe('{"@added@2":{"n":1}}');
    expect(revive('{"@earlier":{"n":1}}')).toStrictEqual(Object.assign(new Added(), { n: 2 }));
  });

  it('refuses half of a form', () => {
    const cls = evaluated('class Half { n = 1 }');
    expect(messageOf(() => registerSessionType(cls, { serialize: () => 1 }))).toMatch(
      /revive is not a function/,
    );
    expect(messageOf(() => registerSessionType(cls, { revive: () => ({}) }))).toMatch(
      /serialize is not a function/,
    );
    expect(
      messageOf(() => registerSessionType(cls, { serialize: 1 as never, revive: () => ({}) })),
    ).toMatch(/serialize is not a function/);
    expect(
      messageOf(() => registerSessionType(Map, { serialize: () => 1, revive: () => new Map() })),
    ).toMatch(/built in/);
  });

  it('takes what has a form of its own, whatever it hides', () => {
    class Secret {
      #n = 0;
      static of(n: number): Secret {
        const secret = new Secret();
        secret.#n = n;
        return secret;
      }
      get n(): number {
        return this.#n;
      }
    }
    registerSessionType(Secret, { serialize: ({ n }) => n, revive: (n: number) => Secret.of(n) });
    registerSessionType(RegExp, {
      name: 'pattern',
      serialize: ({ source, flags }) => ({ source, flags }),
      revive: ({ source, flags }) => new RegExp(source, flags),
    });
    const [secret, pattern] = revive(serialize([Secret.of(5), /a/g], 'values.x')) as [
      Secret,
      RegExp,
    ];
    expect(secret.n).toBe(5);
    expect(pattern).toEqual(/a/g);
  });
});
