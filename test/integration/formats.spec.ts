/** What only one of the other libraries has. */
import {
  fromCookieSession,
  fromExpressSession,
  fromFastifySession,
  fromIronSession,
  fromSecureSession,
  type SessionAdopter,
} from 'nestjs-typed-session/adopt';
import { cookieValues } from '../../lib/http/cookie-header.js';
import { describeWithLibraries, library, moduleOf } from './libraries.js';

const SECRET = 'a secret of the old application, long enough';
const NEWER = 'a secret that came after it, also long enough';

const adopt = (adopter: SessionAdopter, header: string) =>
  adopter.adopt((name) => cookieValues(header, name));

const valuesOf = async (adopter: SessionAdopter, header: string) => {
  const session = await adopt(adopter, header);
  return session && { ...session.values };
};

describeWithLibraries('seals of iron-session', () => {
  const seal = async (data: unknown, password: unknown = SECRET): Promise<string> =>
    (await moduleOf('iron-session-8')).sealData(data, { password });
  const open = (value: string, options: object = {}) =>
    valuesOf(fromIronSession({ name: 'iron', password: SECRET, ...options }), `iron=${value}`);

  it('are opened with and without a version, which changes nothing', async () => {
    const data = { persistent: { admin: true } };
    const sealed = await seal(data);
    expect(sealed).toMatch(/~2$/);
    for (const version of ['~2', '', '~1', '~3', '~99']) {
      expect(await open(sealed.replace('~2', version))).toEqual(data);
    }
  });

  it('hold their values under persistent only where that was asked for', async () => {
    const sealed = await seal({ persistent: { user: 'peter' } });
    const old = sealed.replace('~2', '');
    expect(await open(old, { persistent: true })).toEqual({ user: 'peter' });
    expect(await open(sealed, { persistent: true })).toEqual({ persistent: { user: 'peter' } });
    expect(await open((await seal({ a: 1 })).replace('~2', ''), { persistent: true })).toBe(
      undefined,
    );
  });

  it('are opened by the password of their number, and by no other (statement 12)', async () => {
    const sealed = await seal({ a: 1 }, { 1: NEWER, 2: SECRET });
    expect(await open(sealed, { password: { 2: SECRET } })).toEqual({ a: 1 });
    expect(await open(sealed, { password: { 3: NEWER, 2: SECRET } })).toEqual({ a: 1 });
    expect(await open(sealed, { password: { 1: SECRET, 2: NEWER } })).toBeUndefined();
    const password = { 1: SECRET, 2: SECRET };
    for (const id of ['1', '3', '', 'constructor', '__proto__', 'toString']) {
      expect(
        await open(sealed.replace('Fe26.2*2*', `Fe26.2*${id}*`), { password }),
      ).toBeUndefined();
    }
    for (const format of ['Fe26.1', 'Fe26.3', 'fe26.2', 'Fe26']) {
      expect(await open(sealed.replace('Fe26.2', format), { password })).toBeUndefined();
    }
  });

  it('are joined where iron-session 9 has split them, in their order', async () => {
    const text = 'x'.repeat(5000);
    const sealed = await seal({ text });
    const parts = sealed.match(/.{1,3500}/gs)!;
    expect(parts.length).toBeGreaterThan(1);
    const adopter = fromIronSession({ name: 'iron', password: SECRET });
    const header = parts.map((part, index) => `iron.${index}=${part}`);
    expect(await valuesOf(adopter, header.join('; '))).toEqual({ text });
    expect(await valuesOf(adopter, [header.at(-1), ...header].join('; '))).toEqual({ text });
    expect(await valuesOf(adopter, header.slice(1).join('; '))).toBeUndefined();
    const swapped = parts.map((part, index) => `iron.${parts.length - 1 - index}=${part}`);
    expect(await valuesOf(adopter, swapped.join('; '))).toBeUndefined();
    expect(adopter.cookies.map(({ name }) => name)).toEqual([
      'iron',
      ...[0, 1, 2, 3].map((index) => `iron.${index}`),
    ]);
  });
});

describeWithLibraries('a session of @fastify/secure-session', () => {
  /** As the library itself seals it. */
  async function sealed(options: object, values: object): Promise<string> {
    const { fastify } = await moduleOf('fastify');
    const app = fastify();
    await app.register(await library('@fastify/secure-session'), options);
    await app.ready();
    const text = app.encodeSecureSession(app.createSecureSession({ ...values }));
    await app.close();
    return encodeURIComponent(text);
  }

  it('takes keys as base64, and sessions under another name', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const cookie = await sealed({ key, cookieName: 'mine' }, { a: 1 });
    expect(await valuesOf(fromSecureSession({ name: 'mine', key }), `mine=${cookie}`)).toEqual({
      a: 1,
    });
  });
});

describeWithLibraries('a session of cookie-session', () => {
  it('is opened by a Keygrip of the application, with its own algorithm', async () => {
    const Keygrip = await library('keygrip');
    const keys = new Keygrip([SECRET], 'sha256', 'hex');
    const value = Buffer.from('{"a":1}').toString('base64');
    const header = (signature: string) => `session=${value}; session.sig=${signature}`;
    const adopter = fromCookieSession({ keys });
    expect(await valuesOf(adopter, header(keys.sign(`session=${value}`)))).toEqual({ a: 1 });
    expect(await valuesOf(adopter, header(keys.sign(`other=${value}`)))).toBeUndefined();
  });

  it('is none without its signature', async () => {
    const value = Buffer.from('{"a":1}').toString('base64');
    expect(
      await valuesOf(fromCookieSession({ keys: [SECRET] }), `session=${value}`),
    ).toBeUndefined();
  });

  it('keeps keys such as __proto__ as keys', async () => {
    const Keygrip = await library('keygrip');
    const keys = new Keygrip([SECRET]);
    const value = Buffer.from('{"__proto__":{"admin":true},"constructor":1,"then":2}').toString(
      'base64',
    );
    const header = `session=${value}; session.sig=${keys.sign(`session=${value}`)}`;
    const { values } = (await adopt(fromCookieSession({ keys }), header))!;
    expect(Object.keys(values)).toEqual(['__proto__', 'constructor', 'then']);
    expect(Object.getPrototypeOf(values)).toBeNull();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});

describeWithLibraries('a store of the old application', () => {
  const signed = async () => {
    const { sign } = await library('cookie-signature');
    return `connect.sid=${encodeURIComponent(`s:${sign('the-id', SECRET)}`)}`;
  };
  const storeThat = (get: (id: string, done: (...args: any[]) => void) => unknown) => ({
    get,
    destroy: get,
  });

  it.each([
    ['calls back with an error', storeThat((_id, done) => done(new Error('away')))],
    ['calls back with a text', storeThat((_id, done) => done('away'))],
    [
      'throws',
      storeThat(() => {
        throw new Error('away');
      }),
    ],
    ['rejects', storeThat(() => Promise.reject(new Error('away')))],
  ])('that %s is SESSION_STORE, and no sign-out', async (_title, store) => {
    const adopter = fromExpressSession({ secret: SECRET, store });
    await expect(adopt(adopter, await signed())).rejects.toMatchObject({ code: 'SESSION_STORE' });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'session'],
    ['a list', []],
  ])('that has %s has no session', async (_title, session) => {
    const store = storeThat((_id, done) => done(null, session));
    expect(
      await adopt(fromExpressSession({ secret: SECRET, store }), await signed()),
    ).toBeUndefined();
  });

  it('that keeps files, and has none, has no session', async () => {
    const store = storeThat((_id, done) =>
      done(Object.assign(new Error('none'), { code: 'ENOENT' })),
    );
    expect(
      await adopt(fromExpressSession({ secret: SECRET, store }), await signed()),
    ).toBeUndefined();
  });

  it('is not asked for a cookie that does not verify', async () => {
    const asked: string[] = [];
    const store = storeThat((id, done) => {
      asked.push(id);
      done(null, { cookie: {}, a: 1 });
    });
    const adopter = fromExpressSession({ secret: NEWER, store });
    expect(await adopt(adopter, await signed())).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await valuesOf(fromExpressSession({ secret: SECRET, store }), await signed())).toEqual({
      a: 1,
    });
    expect(asked).toEqual(['the-id']);
  });

  it('keeps what it works with to itself', async () => {
    const live = { cookie: {}, list: [1] };
    const store = storeThat((_id, done) => done(null, live));
    const session = await adopt(fromExpressSession({ secret: SECRET, store }), await signed());
    (session!.values.list as number[]).push(2);
    expect(live.list).toEqual([1]);
  });
});

describe('wrong options of the other formats', () => {
  const store = { get: () => {}, destroy: () => {} };
  it.each<[string, () => unknown, RegExp]>([
    ['no secret', () => fromExpressSession({ secret: '', store }), /secret has to be/],
    [
      'an empty secret in a list',
      () => fromFastifySession({ secret: ['a', ''], store }),
      /secret has to be/,
    ],
    ['no store', () => fromExpressSession({ secret: 'a', store: {} as never }), /store has to be/],
    ['no keys', () => fromCookieSession({ keys: [] }), /keys has to be/],
    ['one key', () => fromCookieSession({ keys: 'key' as never }), /keys has to be a list/],
    ['a short password', () => fromIronSession({ name: 'a', password: 'short' }), /32 characters/],
    [
      'a password without a number',
      () => fromIronSession({ name: 'a', password: { a: SECRET } as never }),
      /by their numbers/,
    ],
    ['neither key nor secret', () => fromSecureSession({}), /key is missing/],
    ['a short key', () => fromSecureSession({ key: Buffer.alloc(31) }), /32 bytes/],
    [
      'a short salt',
      () => fromSecureSession({ secret: SECRET, salt: 'salt' }),
      /salt has to be 16/,
    ],
    [
      'a wrong map',
      () => fromSecureSession({ key: Buffer.alloc(32), map: 5 as never }),
      /map has to be/,
    ],
  ])('are an error at boot: %s', (_title, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    expect(make).toThrow(message);
  });

  it('never quote a secret', () => {
    const make = () => fromIronSession({ name: 'a', password: 'a short password' });
    expect(make).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('a short') }),
    );
  });
});
