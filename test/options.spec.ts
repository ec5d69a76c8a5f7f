import { Controller, type DynamicModule, Get, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { randomBytes } from 'node:crypto';
import {
  MemorySessionStore,
  Session,
  SessionModule,
  type SessionOptions,
} from 'nestjs-typed-session';
import { closeApps, SECRET, startApp, takeLogs, testLogger } from './support/app.js';
import { attributes } from './support/client.js';

@Controller()
class SetController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
    return 'set';
  }
}

const bootWith = (imported: DynamicModule | Type<unknown>) =>
  Test.createTestingModule({ imports: [imported] })
    .setLogger(testLogger)
    .compile();

const boot = (options: unknown) => bootWith(SessionModule.forRoot(options as SessionOptions));

/** What a wrong import is answered with. */
async function refusalOf(imported: DynamicModule | Type<unknown>): Promise<string> {
  const error: unknown = await bootWith(imported).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'SessionError', code: 'SESSION_CONFIG' });
  return (error as Error).message;
}

/** What a wrong option is answered with. */
const refusal = (options: unknown) => refusalOf(SessionModule.forRoot(options as SessionOptions));

const inStore = (options: object) => ({ store: new MemorySessionStore(), ...options });

const methodsOf = ({ read, write, touch, remove }: MemorySessionStore) => ({
  read,
  write,
  touch,
  remove,
});

describe('statements 13, 41, 42, 46 and 50: a wrong option', () => {
  it.each<[string, object, RegExp]>([
    ['no secret', { secret: undefined }, /secret is undefined; allowed: a string or Buffer/],
    ['an empty secret', { secret: '' }, /secret is ''; allowed/],
    ['an empty Buffer', { secret: Buffer.alloc(0) }, /secret is ''; allowed/],
    ['no secret in the list', { secret: [] }, /secret is \[\]; allowed/],
    ['an empty secret in the list', { secret: [SECRET, ''] }, /secret\[1\] is ''; allowed/],
    ['a missing secret in the list', { secret: [SECRET, undefined] }, /secret\[1\] is undefined/],
    ['a secret of another kind', { secret: 12_345 }, /secret is not allowed; allowed: a string/],
    ['a name with a space', { name: 'my session' }, /name is 'my session'; allowed: a cookie name/],
    ['a name with a semicolon', { name: 'a;b' }, /name is 'a;b'/],
    ['a name with a line break', { name: 'a\r\nb' }, /name is/],
    ['an empty name', { name: '' }, /name is ''/],
    ['a path with a semicolon', { cookie: { path: '/;x' } }, /cookie\.path is '\/;x'; allowed/],
    ['limits that are none', { limits: 5 }, /limits is 5; allowed: an object/],
    [
      'a limit unknown',
      { limits: { size: 5 } },
      /limits\.size is not allowed; allowed: .*depth, nodes/,
    ],
    ['a limit of nothing', { limits: { nodes: 0 } }, /limits\.nodes is 0; allowed: a whole number/],
    ['a limit in words', { limits: { bytes: '1kb' } }, /limits\.bytes is '1kb'/],
    ['a limit too deep', { limits: { depth: 501 } }, /limits\.depth is 501; .* from 1 to 500/],
    ['groups in words', { classTransformer: { groups: 'a' } }, /classTransformer\.groups is 'a'/],
    [
      'a version in words',
      { classTransformer: { version: '1' } },
      /classTransformer\.version is '1'/,
    ],
    ['a strategy', { classTransformer: { strategy: 'x' } }, /classTransformer\.strategy is not/],
    ['transform options that are none', { classTransformer: 1 }, /classTransformer is 1; allowed/],
    ['a path with a NUL', { cookie: { path: '/\0' } }, /cookie\.path/],
    ['a path that is none', { cookie: { path: 'x' } }, /cookie\.path is 'x'/],
    ['a path too long', { cookie: { path: `/${'x'.repeat(1024)}` } }, /cookie\.path/],
    ['a domain with a line break', { cookie: { domain: 'a\nb' } }, /cookie\.domain/],
    ['a domain with a semicolon', { cookie: { domain: 'a;b' } }, /cookie\.domain is 'a;b'/],
    [
      'a sameSite unknown',
      { cookie: { sameSite: 'Lax' } },
      /'Lax'; allowed: 'strict', 'lax', 'none'/,
    ],
    [
      'sameSite none, insecure',
      { cookie: { sameSite: 'none', secure: false } },
      /sameSite is 'none'/,
    ],
    [
      'partitioned, insecure',
      { cookie: { partitioned: true, secure: false } },
      /partitioned is true/,
    ],
    [
      'a priority unknown',
      { cookie: { priority: 'top' } },
      /'top'; allowed: 'low', 'medium', 'high'/,
    ],
    [
      'a maxAge unreadable',
      { cookie: { maxAge: 'soon' } },
      /cookie\.maxAge is 'soon'; allowed: sec/,
    ],
    [
      'a maxAge of milliseconds',
      { cookie: { maxAge: 1000 * 60 * 60 * 24 * 30 } },
      /cookie\.maxAge is 2592000000; allowed: up to 400 days.*not milliseconds: 2592000, or '30 days'/,
    ],
    [
      'a maxAge of digits alone',
      { cookie: { maxAge: '3600' } },
      /cookie\.maxAge is '3600'; allowed: a unit in a text: '3600s' or the number for seconds/,
    ],
    [
      'a maxAge that no browser grants',
      { cookie: { maxAge: '401 days' } },
      /cookie\.maxAge is '401 days'; allowed: up to 400 days, which browsers grant\./,
    ],
    [
      'an idleTimeout of milliseconds',
      { idleTimeout: 36e5 * 24 },
      /idleTimeout is 86400000; .*: 86400, or '1 day'/,
    ],
    ['an absoluteTimeout of digits', { absoluteTimeout: ' 60 ' }, /absoluteTimeout is ' 60 '/],
    ['a maxAge not finite', { cookie: { maxAge: Infinity } }, /cookie\.maxAge is Infinity/],
    ['an idleTimeout of nothing', { idleTimeout: 0 }, /idleTimeout is 0; allowed: a duration/],
    ['an absoluteTimeout below', { absoluteTimeout: '-1h' }, /absoluteTimeout is '-1h'/],
    ['a rolling unknown', { rolling: 'yes' }, /rolling is 'yes'; allowed: true, false/],
    ['a commitOn unknown', { commitOn: 'never' }, /commitOn is 'never'; allowed: 'always' or/],
    ['a domain too long', { cookie: { domain: `${'a'.repeat(250)}.com` } }, /cookie\.domain/],
    [
      'a limit too low for anything',
      { maxCookieBytes: 100 },
      /maxCookieBytes is 100; allowed: \d+/,
    ],
    ['a name that leaves no room', { name: 'n'.repeat(4096) }, /maxCookieBytes is 4096; allowed/],
    ['a limit of nothing', { maxCookieBytes: 0 }, /maxCookieBytes is 0/],
    ['an option unknown', { ttl: 5 }, /ttl is not allowed; allowed: the options secret, name/],
    ['a cookie option unknown', { cookie: { maxage: 5 } }, /cookie\.maxage is not allowed/],
    [
      '__Host- with a domain',
      { name: '__Host-a', cookie: { secure: true, domain: 'a.b' } },
      /__Host-/,
    ],
    ['__Host- with a path', { name: '__Host-a', cookie: { secure: true, path: '/a' } }, /__Host-/],
    [
      '__Host- without secure',
      { name: '__Host-a' },
      /cookie\.secure is 'auto'; allowed: true, as .* __Host-/,
    ],
    [
      'a store that is none',
      { store: {} },
      /store is not allowed; allowed: a SessionStore such as/,
    ],
    ['a store that is a name', { store: 'redis' }, /store is not allowed; allowed: a SessionStore/],
    [
      'a store that does not say what it can do',
      { store: { ...methodsOf(new MemorySessionStore()) } },
      /store is not allowed; allowed: a SessionStore/,
    ],
    [
      'a store that lacks a method',
      { store: { ...methodsOf(new MemorySessionStore()), atomic: true, touch: undefined } },
      /store is not allowed; allowed: a SessionStore/,
    ],
    ...Object.entries({
      storeTimeout: 1,
      onStoreError: 'fail',
      maxStoreBytes: 1000,
      encryptAtRest: true,
    }).map(([option, value]): [string, object, RegExp] => [
      `${option} without a store`,
      { [option]: value },
      new RegExp(`${option} is '?${value}'?; allowed: only with a store`),
    ]),
    [
      'a storeTimeout of nothing',
      inStore({ storeTimeout: 0 }),
      /storeTimeout is 0; allowed: a dur/,
    ],
    ['a storeTimeout unreadable', inStore({ storeTimeout: 'soon' }), /storeTimeout is 'soon'/],
    [
      'a storeTimeout too long for a timer',
      inStore({ storeTimeout: '30 days' }),
      /storeTimeout is '30 days'; allowed: a duration of up to 24 days/,
    ],
    [
      'an onStoreError unknown',
      inStore({ onStoreError: 'ignore' }),
      /onStoreError is 'ignore'; allowed: 'fail', 'anonymous'/,
    ],
    [
      'maxStoreBytes of nothing',
      inStore({ maxStoreBytes: 0 }),
      /maxStoreBytes is 0; allowed: a whole/,
    ],
    ['maxStoreBytes broken', inStore({ maxStoreBytes: 1.5 }), /maxStoreBytes is 1\.5/],
    [
      'an encryptAtRest unknown',
      inStore({ encryptAtRest: 'yes' }),
      /encryptAtRest is 'yes'; allowed: true, false/,
    ],
    [
      'a limit too low for the sealed id',
      inStore({ maxCookieBytes: 100 }),
      /maxCookieBytes is 100; allowed: \d+/,
    ],
    ['__Secure- without secure', { name: '__Secure-a', cookie: { secure: false } }, /__Secure-/],
  ])('stops the boot: %s', async (_what, option, message) => {
    expect(await refusal({ secret: SECRET, name: 'sid', ...option })).toMatch(message);
  });

  it('stops the boot where two sessions have one name, or there is none', async () => {
    const one = { secret: SECRET, name: 'sid' };
    expect(await refusal([one, one])).toMatch(/name is 'sid'; allowed: a name that no other/);
    const error: unknown = await boot([]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'SESSION_CONFIG' });
  });

  it('never shows a secret', async () => {
    expect(await refusal({ secret: { value: 'hidden' } })).not.toContain('hidden');
    expect(await refusal([['hidden']])).not.toContain('hidden');
    const imports = [SessionModule.forRootAsync({ useFactory: () => 'hidden' as never })];
    const asked = Test.createTestingModule({ imports }).setLogger(testLogger).compile();
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'SESSION_CONFIG' });
    expect(String(error)).not.toContain('hidden');
  });

  it('shows neither secret nor name where they are the wrong way round', async () => {
    for (const secret of [
      randomBytes(32).toString('base64url'),
      `${randomBytes(32).toString('base64')}==`,
      'with characters; that no name of a cookie has',
    ]) {
      takeLogs();
      const message = await refusalOf(SessionModule.forRoot('session', secret));
      expect(message).toMatch(
        /name is not allowed; allowed: .*SessionModule\.forRoot\(secret, name\)/,
      );
      const logs = takeLogs();
      expect([message, ...logs.errors, ...logs.warnings].join()).not.toContain(secret);
    }
  });

  it('is that there are none: a bare SessionModule, or a factory that returns nothing', async () => {
    const nothing = SessionModule.forRootAsync({ useFactory: () => undefined as never });
    for (const imported of [SessionModule, nothing]) {
      expect(await refusalOf(imported)).toMatch(
        /was given no options\. Import SessionModule\.forRoot\(secret\)/,
      );
    }
  });

  it('never shows what may hold the password of a store', async () => {
    expect(await refusal({ secret: SECRET, store: { url: 'hidden' } })).not.toContain('hidden');
  });

  it('is named though it is another kind of bytes', async () => {
    const bytes = new Uint8Array(32) as never;
    const imports = [SessionModule.forRoot(bytes, 'sid')];
    const asked = Test.createTestingModule({ imports }).setLogger(testLogger).compile();
    await expect(asked).rejects.toThrow(/secret is not allowed; allowed: a string or Buffer/);
  });

  it('is shown on one line', async () => {
    expect(await refusal({ secret: SECRET, cookie: { domain: 'a\r\nb' } })).not.toMatch(/[\r\n]/);
  });
});

describe('statement 13: a weak secret', () => {
  const { NODE_ENV } = process.env;
  beforeEach(() => {
    takeLogs();
  });
  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV;
  });

  const weak = [
    'short',
    'keyboard cat',
    'secret_key',
    'complex_password_at_least_32_characters_long',
    'changeme'.repeat(4),
    'keyboard cat '.repeat(3),
    'change-me Change-me CHANGE-ME changeme',
    '\0'.repeat(32),
    'a1'.repeat(20),
    'correct horse!'.repeat(3).slice(0, 40),
    '0110100110010110100101100110100101',
  ];

  it.each(weak)('stops the boot in production: %s', async (secret) => {
    process.env.NODE_ENV = 'production';
    expect(await refusal({ secret })).toMatch(
      /secret of session .* is .*; allowed: .*randomBytes\(32\)/,
    );
    expect(await refusal({ secret: [SECRET, secret] })).toMatch(/secret\[1\] of session/);
  });

  it.each(weak)('is named in one warning elsewhere: %s', async (secret) => {
    await boot({ secret });
    const { warnings } = takeLogs();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/randomBytes\(32\)/);
    expect(warnings[0]).not.toContain(`'${secret}'`);
  });

  it('is none with 32 bytes', async () => {
    process.env.NODE_ENV = 'production';
    await boot({ secret: 'x7Kd93mQpLz0aVbNc5tYw2RuEi8oHsGf' });
    for (const encoding of ['base64url', 'hex'] as const) {
      await boot({ secret: randomBytes(32).toString(encoding) });
    }
    await boot({ secret: randomBytes(32) });
    expect(takeLogs().warnings).toEqual([]);
  });

  it('opens what it sealed, after a new start', async () => {
    const first = await startApp('Express', {
      controllers: [SetController],
      session: { secret: 'short' },
    });
    const client = first.client();
    await client.get('/set');
    const second = await startApp('Express', { session: { secret: 'short' } });
    expect(second.sessions.unseal(client.jar.get('sid')!)).toEqual({ key: 'value' });
    await closeApps();
  });
});

describe('statement 42: a name that looks like a prefix', () => {
  it.each(['Host__session', '__host_session'])('is warned of: %s', async (name) => {
    await boot({ secret: SECRET, name });
    expect(takeLogs().warnings.join()).toContain(name);
  });
});

describe('the attributes of the cookie', () => {
  afterEach(closeApps);

  async function cookieWith(session: Partial<SessionOptions>, headers = {}) {
    const app = await startApp('Express', {
      controllers: [SetController],
      session: { ...session },
      trustProxy: true,
    });
    return (await app.client().get('/set', headers)).setCookies[0];
  }
  const overTls = { 'x-forwarded-proto': 'https' };

  it('statements 40 and 49: are safe by default', async () => {
    const line = await cookieWith({ name: undefined });
    expect(line).toMatch(/^session=/);
    expect(attributes(line)).toEqual({
      'max-age': '2592000',
      path: '/',
      httponly: true,
      samesite: 'Lax',
    });
  });

  it('statement 40: hold Secure over TLS', async () => {
    expect(attributes(await cookieWith({}, overTls))).toMatchObject({ secure: true });
  });

  it('statement 42: bind the cookie to its host where it is always secure', async () => {
    const secure = true;
    expect(await cookieWith({ name: undefined, cookie: { secure } }, overTls)).toMatch(
      /^__Host-session=/,
    );
    expect(
      await cookieWith({ name: undefined, cookie: { secure, domain: 'example.com' } }, overTls),
    ).toMatch(/^__Secure-session=.*; Domain=example\.com/);
  });

  it('are all as the options say', async () => {
    const cookie = {
      path: '/app',
      domain: 'example.com',
      httpOnly: false,
      secure: true,
      sameSite: 'none',
      partitioned: true,
      priority: 'high',
      maxAge: '2h',
    } as const;
    expect(attributes(await cookieWith({ cookie }, overTls))).toEqual({
      'max-age': '7200',
      path: '/app',
      domain: 'example.com',
      secure: true,
      samesite: 'None',
      partitioned: true,
      priority: 'High',
    });
  });

  it('fall back on Lax where None would be rejected', async () => {
    const cookie = { sameSite: 'none', partitioned: true } as const;
    const plain = attributes(await cookieWith({ cookie }));
    expect(plain).toMatchObject({ samesite: 'Lax' });
    expect(plain).not.toHaveProperty('partitioned');
    expect(attributes(await cookieWith({ cookie }, overTls))).toMatchObject({
      samesite: 'None',
      partitioned: true,
    });
  });

  it('have no age where the cookie ends with the browser', async () => {
    expect(attributes(await cookieWith({ cookie: { maxAge: 0 } }))).not.toHaveProperty('max-age');
  });

  it('statement 35: never promise more than browsers grant', async () => {
    const line = await cookieWith({ cookie: { maxAge: '400 days' }, idleTimeout: '400 days' });
    expect(attributes(line)['max-age']).toBe(String(400 * 86_400));
  });
});
