/** The statements about the safety of data, over HTTP, on both adapters, in the cookie and in stores. */
import { Controller, Get, Param, Query } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { registerSessionType, Session, SessionType } from 'nestjs-typed-session';
import { closeApps, places, startApp, takeLogs } from './support/app.js';

const runs: string[] = [];

@SessionType('statements/inner')
class Inner {
  at = new Date(0);
}
@SessionType('statements/outer')
class Outer {
  inner = new Inner();
  constructor(readonly name: string) {
    runs.push('constructor');
  }
  set level(_: unknown) {
    runs.push('setter');
  }
}
registerSessionType(
  class Hidden {
    n = 1;
  },
  { name: 'statements/hidden' },
);

@SessionType('statements/gone')
class Gone {
  n = 7;
}
let nonces = 0;
class Nonce {
  n = 1;
}
registerSessionType(Nonce, {
  name: 'statements/nonce',
  serialize: ({ n }) => ({ n, nonce: nonces++ }),
  revive: ({ n }) => Object.assign(new Nonce(), { n }),
});

/** Runs as a build does that does not know a type. */
async function without(tag: string, run: () => Promise<void>): Promise<void> {
  const types = (globalThis as any)[Symbol.for('nestjs-typed-session:types@1')];
  const [type, name] = [types.byTag.get(`@${tag}`), types.byName.get(tag)];
  types.byTag.delete(`@${tag}`);
  types.byName.delete(tag);
  try {
    await run();
  } finally {
    types.byTag.set(`@${tag}`, type);
    types.byName.set(tag, name);
  }
}

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const VALUES: Record<string, unknown> = {
  circular: cycle,
  function: () => 1,
  symbol: Symbol('s'),
  regexp: /a/,
  deep: JSON.parse('['.repeat(10_000) + ']'.repeat(10_000)),
  long: Object.assign([], { length: 1e9 }),
};
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'id', 'save'];
const RICH = () => ({
  date: new Date(5),
  invalid: new Date(NaN),
  map: new Map<unknown, unknown>([[1n, new Set([-0])]]),
  bytes: [Buffer.from('hi'), new Uint16Array([1, 2])],
  none: undefined,
  numbers: [NaN, Infinity, -0, 10n],
  outer: new Outer('o'),
});

const inTemplate = (value: unknown): string => `<${value as string}>`;

/** An object that looks like a tag, in itself many times. */
function nestedKeys(): unknown {
  let nested: unknown = 1;
  for (let level = 0; level < 40; level++) nested = { $a: { '@b': nested }, b: 1 };
  return nested;
}

@Controller()
class DataController {
  @Get('set') set(@Session() ss: Session, @Query() { kind }: { kind: string }) {
    ss.set('value', VALUES[kind]);
    return {};
  }
  @Get('set-keys') keys(@Session() ss: Session) {
    for (const key of KEYS) ss.values[key] = { polluted: key };
    return {};
  }
  @Get('keys') read(@Session() ss: Session) {
    return {
      values: KEYS.map((key) => (ss.get(key) as { polluted: string }).polluted),
      own: KEYS.every((key) => ss.has(key)),
      text: inTemplate(ss.values),
      polluted: ({} as { polluted?: unknown }).polluted ?? null,
    };
  }
  @Get('set-rich') rich(@Session() ss: Session) {
    ss.set('rich', RICH());
    runs.length = 0;
    return {};
  }
  @Get('rich') readRich(@Session() ss: Session) {
    const ran = [...runs];
    const rich = ss.get('rich') as ReturnType<typeof RICH>;
    ran.push(...runs);
    // Neither Jest nor Node takes one invalid date for another.
    const { invalid, ...rest } = rich;
    const { invalid: _, ...expected } = RICH();
    const isInvalid = Object.getPrototypeOf(invalid) === Date.prototype && isNaN(Number(invalid));
    return { ran, isInvalid, isEqual: isDeepStrictEqual(rest, expected) };
  }
  @Get('none') none(@Session() ss: Session) {
    return {
      keys: Object.keys(ss.values),
      own: ss.values.hasOwnProperty('a'),
      text: inTemplate(ss.values),
    };
  }
  @Get('set-gone') setGone(@Session() ss: Session) {
    ss.set('gone', new Gone());
    return {};
  }
  @Get('gone') gone(@Session() ss: Session) {
    return { isUndefined: ss.get('gone') === undefined, has: ss.has('gone') };
  }
  @Get('once') once(@Session() ss: Session) {
    ss.set('seen', true);
    return {};
  }
  @Get('back') back(@Session() ss: Session) {
    return { n: (ss.get('gone') as Gone).n };
  }
  @Get('nonce') nonce(@Session() ss: Session) {
    ss.set('nonce', new Nonce());
    return {};
  }
  @Get('read-nonce') readNonce(@Session() ss: Session) {
    return ss.get('nonce') as object;
  }
  @Get('keys-of/:method') keyOf(@Session() ss: any, @Param() { method }: { method: string }) {
    return ss[method](Symbol('key'), Symbol('key'));
  }
  @Get('set-nested') nested(@Session() ss: Session) {
    ss.set('nested', nestedKeys());
    return {};
  }
  @Get('nested') readNested(@Session() ss: Session) {
    return { nested: ss.get('nested') };
  }
  @Get('sign-out') signOut(@Session() ss: any) {
    return { had: ss.delete() };
  }
  @Get('object') object(@Session() ss: any) {
    ss.set({ a: 1 });
    return {};
  }
  @Get('number') number(@Session() ss: any) {
    ss.set(7, 'v');
    return {};
  }
  @Get('frozen') frozen(@Session() ss: Session) {
    ss.set('_flash', Object.freeze(['a']));
    ss.addFlash('b');
    return { flashes: ss.peekFlashes() };
  }
}

const goneWarnings: string[] = [];
const nonceWarnings: string[] = [];

describe.each(places)('on %s', (place) => {
  afterEach(() => {
    takeLogs();
    return closeApps();
  });
  const start = async () =>
    (await startApp(place, { controllers: [DataController], session: {} })).client();

  describe.each(['circular', 'function', 'symbol', 'regexp'])(
    'statement 71: a value (%s)',
    (kind) => {
      it('is a typed error where it is set, within a second', async () => {
        const client = await start();
        const began = Date.now();
        expect((await client.get(`/set?kind=${kind}`)).status).toBe(500);
        expect(Date.now() - began).toBeLessThan(1000);
        expect(takeLogs().errors.join()).toMatch(/values\.value/);
      });
    },
  );

  describe('statement 73: keys like members of every object', () => {
    it('are stored and read back as data', async () => {
      const client = await start();
      expect((await client.get('/none')).json).toEqual({
        keys: [],
        own: false,
        text: '<[object Object]>',
      });
      await client.get('/set-keys');
      expect((await client.get('/keys')).json).toEqual({
        values: KEYS,
        own: true,
        text: '<[object Object]>',
        polluted: null,
      });
    });
  });

  describe('statement 74: a seal with the tag of a class that is not registered', () => {
    it('revives to nothing, reports it, and is kept as it was', async () => {
      const client = await start();
      await client.get('/set-gone');
      await without('statements/gone', async () => {
        expect((await client.get('/gone')).json).toEqual({ isUndefined: true, has: false });
        expect((await client.get('/once')).status).toBe(200);
      });
      const logs = takeLogs();
      expect(logs.errors).toEqual([]);
      goneWarnings.push(...logs.warnings.filter((text) => text.includes('@statements/gone')));
      // The log says it once in a process.
      expect(goneWarnings).toEqual([
        expect.stringMatching(/is not known to this build.*undefined/),
      ]);
      expect((await client.get('/back')).json).toEqual({ n: 7 });
    });
  });

  describe('a type that is written differently each time', () => {
    it('sets no cookie where it is only read, and is reported once in a process', async () => {
      const client = await start();
      await client.get('/nonce');
      for (let read = 0; read < 3; read++) {
        expect((await client.get('/read-nonce')).setCookies).toEqual([]);
      }
      nonceWarnings.push(...takeLogs().warnings.filter((text) => text.includes('nonce')));
      expect(nonceWarnings).toEqual([
        expect.stringMatching(/"@statements\/nonce" is written diff/),
      ]);
    });
  });

  it.each([
    'get',
    'set',
    'has',
    'delete',
    'increment',
    'addFlash',
    'flashes',
    'peekFlashes',
    'keepFlashes',
  ])('refuses a key that is a symbol: %s', async (method) => {
    const client = await start();
    expect((await client.get(`/keys-of/${method}`)).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(/session\.\w+\(\) was given is of the type symbol/);
  });

  describe('statement 75: a value without bounds', () => {
    it.each(['deep', 'long'])('is refused in bounded time: %s', async (kind) => {
      const client = await start();
      const began = Date.now();
      expect((await client.get(`/set?kind=${kind}`)).status).toBe(500);
      expect(Date.now() - began).toBeLessThan(1000);
    });

    it('of nested $ keys comes back as it was', async () => {
      const client = await start();
      expect((await client.get('/set-nested')).status).toBe(200);
      expect((await client.get('/nested')).json).toEqual({ nested: nestedKeys() });
    });
  });

  describe('statements 76 and 77: rich values', () => {
    it('come back equal, without a constructor that takes arguments and without a setter', async () => {
      const client = await start();
      await client.get('/set-rich');
      const { status, json } = await client.get('/rich');
      expect([status, takeLogs().errors]).toEqual([200, []]);
      expect(json).toEqual({ ran: [], isInvalid: true, isEqual: true });
    });
  });

  it.each([
    ['sign-out', /session\.destroy\(\)/],
    ['object', /session\.set\('key', value\)/],
    ['number', /Use a string: '7'/],
  ])('a key that is no string is an error that says what to write: %s', async (path, message) => {
    const client = await start();
    expect((await client.get(`/${path}`)).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(message);
  });

  it('a flash can be added to a frozen list', async () => {
    const client = await start();
    expect((await client.get('/frozen')).json).toEqual({ flashes: ['a', 'b'] });
  });
});
