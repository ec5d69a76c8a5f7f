/**
 * Everything that the README shows is compiled or run: its blocks of code as the application that
 * they make up (`Project` says how), its tables against the types of the library.
 */
import type { Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import {
  MemorySessionStore,
  registerSessionTypes,
  type SessionService,
} from 'nestjs-typed-session';
import { Keyring } from '../lib/seal/keyring.js';
import { resolveOptions } from '../lib/options/session.options.js';
import { formatRecord } from '../lib/session/session-record.js';
import { adapters, closeApps, SECRET, startApp, takeLogs, type AppOptions } from './support/app.js';
import { useViews } from './support/views.js';
import {
  blocksOf,
  codeOf,
  compile,
  complaints,
  Library,
  Project,
  README,
  ROOT,
  rowsOf,
  slugOf,
} from './support/readme.js';

/** Exports of a file of the README's application. */
type Exports = Record<string, Type<unknown>>;

const project = new Project(README);
const isShape = (file: string) => project.text(file).includes('declare module');
const paths = project.files.map((file) => project.path(file));
/** `SessionData` holds for a whole program, so a chapter that extends it is one of its own. */
const groups = [
  paths.filter((_, i) => !isShape(project.files[i])),
  ...project.files.filter(isShape).map((file) => [project.path(file)]),
];
const program = compile(groups[0]);
const library = new Library(program);

// The blocks read them when they are evaluated.
process.env.SESSION_SECRET = SECRET;
process.env.SESSION_SECRETS = `the newest secret, of more than thirty-two bytes,${SECRET}`;
const importAll = async (files: string[]) =>
  Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file, await project.import<Exports>(file)] as const),
    ),
  );
/** They connect to a server when they are evaluated. */
const onServer = ['src/in-redis.module.ts', 'src/in-keyv.module.ts', 'src/in-postgres.module.ts'];
const chapter = await importAll(project.files.filter((file) => !onServer.includes(file)));

const blocksIn = (language: string) => blocksOf(README).filter((one) => one.language === language);

afterAll(() => project.remove());

/** A browser that follows no redirect. */
class Visitor {
  readonly jar = new Map<string, string>();

  constructor(private readonly url: string) {}

  get(path: string, headers?: Record<string, string>) {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body: object = {}) {
    return this.send('POST', path, body);
  }

  private async send(method: string, path: string, body?: object, headers?: object) {
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        cookie: [...this.jar].map((pair) => pair.join('=')).join('; '),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    const cookies = response.headers.getSetCookie();
    for (const cookie of cookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (value === '') this.jar.delete(name);
      else this.jar.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    return { status: response.status, text, location, cookies };
  }
}

describe('the blocks of the README', () => {
  it('are of the languages that are tested here', () => {
    const languages = blocksOf(README).map(({ language }) => language);
    expect([...new Set(languages)].toSorted()).toEqual(['hbs', 'json', 'sh', 'ts']);
  });

  it('compile', () => {
    const [, ...others] = groups;
    expect([
      ...complaints(program, groups[0]),
      ...others.flatMap((group) => complaints(compile(group), group)),
    ]).toEqual([]);
  });

  it('are reported by their line, each of them, where they do not compile', () => {
    const lines = README.split('\n');
    const ends = blocksIn('ts').map(({ code, line }) => line + code.split('\n').length);
    for (const end of ends) lines[end - 1] += ' missing;';
    const broken = new Project(lines.join('\n'));
    const files = broken.files.map((file) => broken.path(file));
    const found = complaints(compile(files), files).map((text) => text.replace(/ name .*/, ''));
    expect(found).toEqual(
      expect.arrayContaining(ends.map((end) => `README.md:${end} Cannot find`)),
    );
    broken.remove();
  });

  it('of the shell run what there is', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: object;
    };
    const ofNpm = ['ci', 'install', 'pack'];
    const commands = blocksIn('sh').flatMap(({ code }) => code.split(/\n| && /));
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const [tool, verb] = command.split(' ');
      if (tool === 'npm') expect([...ofNpm, ...Object.keys(scripts)]).toContain(verb);
      else expect(tool).toBe('node');
    }
  });

  it('of the shell make a good secret', () => {
    const { code } = blocksIn('sh').find((one) => one.code.startsWith('node'))!;
    const [, script] = /^node -p "(.*)"$/.exec(code)!;
    const secret = execFileSync(process.execPath, ['-p', script], { encoding: 'utf8' }).trim();
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });
});

describe('the links of the README', () => {
  const targets = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  const headings = [...README.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => slugOf(heading));

  it.each([...new Set(targets.filter((target) => target.startsWith('#')))])('%s', (target) => {
    expect(headings).toContain(target.slice(1));
  });

  it.each([...new Set(targets.filter((target) => !/^(#|https:)/.test(target)))])('%s', (target) => {
    expect(existsSync(join(ROOT, target))).toBe(true);
  });
});

describe('the tables of the README', () => {
  const firstCodes = (name: string) => rowsOf(README, name).flatMap(([cell]) => codeOf(cell));

  it('name every option', () => {
    const own = library.membersOf('options/session.options.ts', 'SessionOptions');
    const ofCookie = library.membersOf('options/session.options.ts', 'SessionCookieOptions');
    expect(firstCodes('Options').toSorted()).toEqual(
      [
        ...own.filter((name) => name !== 'cookie'),
        ...ofCookie.map((name) => `cookie.${name}`),
      ].toSorted(),
    );
  });

  describe('give the true default of', () => {
    // Some options say something of a store, and are refused without.
    const store = new MemorySessionStore();
    const resolve = (options: object) => resolveOptions({ secret: SECRET, store, ...options })[0];
    const setting = (option: string, value: unknown): object => {
      const [first, second] = option.split('.');
      return second === undefined ? { [first]: value } : { cookie: { [second]: value } };
    };
    const defaults = rowsOf(README, 'Options').map(([option, value]) => [codeOf(option)[0], value]);
    const literals = defaults.filter(([, value]) => /^`[^`]+`$/.test(value));
    const absent = defaults.filter(([, value]) => value === 'none');
    const others = new Map(
      defaults.filter((row) => !literals.includes(row) && !absent.includes(row)) as [
        string,
        string,
      ][],
    );

    // A text stands in single quotes, which JSON does not know.
    it.each(literals)('%s: %s', (option, value) => {
      const literal: unknown = JSON.parse(codeOf(value)[0].replaceAll("'", '"'));
      const { commitOn: _, ...given } = resolve(setting(option, literal));
      const { commitOn: __, ...left } = resolve({});
      expect(given).toEqual(left);
    });

    it.each(absent)('%s: %s', (option) => {
      const [first, second] = option.split('.') as ['absoluteTimeout' | 'cookie', 'domain'];
      const { [first]: found } = resolve({});
      const value = typeof found === 'object' ? found[second] : found;
      expect([undefined, Infinity]).toContain(value);
    });

    it('the others', () => {
      expect(Object.fromEntries(others)).toEqual({
        secret: 'required',
        idleTimeout: '`cookie.maxAge`, or 30 days where that is not positive',
        commitOn: 'statuses below 500',
      });
      const days = (count: number) => count * 24 * 60 * 60 * 1000;
      const idle = (maxAge: string | number) => resolve({ cookie: { maxAge } }).idleTimeout;
      expect(['7 days', 0, -1].map(idle)).toEqual([days(7), days(30), days(30)]);
      const { commitOn } = resolve({});
      expect([200, 404, 499, 500, 503].map((status) => commitOn(status, {}))).toEqual([
        true,
        true,
        true,
        false,
        false,
      ]);
      expect(() => resolve({ secret: undefined })).toThrow('secret');
      expect(resolveOptions({ secret: SECRET })[0].storage).toBeUndefined();
    });

    it('name over TLS alone', () => {
      const [, , meaning] = rowsOf(README, 'Options').find(([option]) => option === '`name`')!;
      const secure = { secure: true };
      expect(codeOf(meaning).filter((code) => code.startsWith('__'))).toEqual([
        resolve({ cookie: secure }).name,
        resolve({ cookie: { ...secure, domain: 'example.com' } }).name,
      ]);
      expect(resolve({ cookie: { ...secure, path: '/app' } }).name).toBe('__Secure-session');
    });
  });

  it('name every code of an error', () => {
    expect(firstCodes('Errors').toSorted()).toEqual(
      library.literalsOf('session.errors.ts', 'SessionErrorCode').toSorted(),
    );
  });

  it('name every event, what it holds and why a cookie is rejected', () => {
    const kinds = library.literalsOf('session.events.ts', 'SessionEventKind');
    expect(firstCodes('Events').toSorted()).toEqual(
      kinds.map((kind) => `nestjs-typed-session:${kind}`).toSorted(),
    );
    const codes = codeOf(README.split('\n## Events\n')[1].split('\n```ts')[0]);
    expect(codes).toEqual(
      expect.arrayContaining([
        ...library.membersOf('session.events.ts', 'SessionEvent'),
        ...library.literalsOf('session.events.ts', 'SessionRejectReason'),
      ]),
    );
  });

  it('name every member of a session', () => {
    const names = firstCodes('In a handler').map((code) => /^(?:await )?(\w+)/.exec(code)![1]);
    expect(names.toSorted()).toEqual(library.membersOf('session/session.ts', 'Session').toSorted());
  });

  it('name every method of the service', () => {
    const names = firstCodes('Outside a handler').map((code) => /^(?:await )?(\w+)/.exec(code)![1]);
    expect([...new Set(names)].toSorted()).toEqual(
      library.membersOf('session.service.ts', 'SessionService').toSorted(),
    );
  });

  it('name every export', () => {
    expect(firstCodes('Exports').toSorted()).toEqual(library.exportsOf('index.ts').toSorted());
  });
});

describe.each(adapters)('the README on %s', (adapter) => {
  afterEach(async () => {
    await closeApps();
    takeLogs();
  });

  const start = async (options: AppOptions) => {
    const { url, sessions } = await startApp(adapter, options);
    const visitor = new Visitor(url);
    const valuesOf = (name = 'sid') => sessions.unseal(visitor.jar.get(name) ?? '', { name });
    return { sessions, visitor, valuesOf };
  };

  it('counts visits: Quick start', async () => {
    const { AppModule } = chapter['src/app.module.ts'];
    const { visitor } = await start({ imports: [AppModule] });
    expect((await visitor.get('/visits')).text).toBe('Visit number 1');
    expect((await visitor.get('/visits')).text).toBe('Visit number 2');
    expect([...visitor.jar.keys()]).toEqual(['app']);
  });

  it('keeps a cart: In a handler', async () => {
    const { CartController, CheckoutController } = chapter['in-a-handler.ts'];
    const { visitor } = await start({ controllers: [CartController, CheckoutController] });
    expect((await visitor.get('/cart')).text).toBe('{"items":[]}');
    await visitor.post('/cart/book');
    await visitor.post('/cart/pen');
    expect((await visitor.get('/cart')).text).toBe('{"items":["book","pen"]}');
    expect((await visitor.get('/checkout')).text).toBe('2');
  });

  it('shows flashes once: Flashes', async () => {
    const { OrderController } = chapter['flashes.ts'];
    const { visitor, valuesOf } = await start({ controllers: [OrderController] });
    const ordered = await visitor.post('/orders');
    expect(ordered).toMatchObject({ status: 303, location: '/notices' });
    const [json] = blocksIn('json');
    expect(valuesOf()).toEqual(JSON.parse(json.code));
    const shown = '{"notices":["welcome!"],"names":["peter"]}';
    expect((await visitor.get('/notices', { 'sec-purpose': 'prefetch' })).text).toBe(shown);
    expect((await visitor.get('/notices')).text).toBe(shown);
    expect((await visitor.get('/notices')).text).toBe('{"notices":[],"names":[]}');
  });

  it('gives classes back: Typed values', async () => {
    const { UserController } = chapter['typed-values.ts'];
    const { visitor } = await start({ controllers: [UserController] });
    expect((await visitor.get('/greeting')).text).toBe('Who are you?');
    await visitor.post('/user', { name: 'Peter' });
    expect((await visitor.get('/greeting')).text).toBe('Hi Peter');
  });

  it('renders its template: Views', async () => {
    const { AccountController } = chapter['views.ts'];
    const views = mkdtempSync(join(tmpdir(), 'readme-views-'));
    const [template] = blocksIn('hbs');
    writeFileSync(join(views, 'account.hbs'), template.code);
    const { visitor, sessions } = await start({
      controllers: [AccountController],
      configure: (nest) => useViews(nest, views),
    });
    visitor.jar.set('sid', sessions.seal({ notice: ['Saved.'], user: { name: 'Peter' } }));
    const page = async () => (await visitor.get('/account')).text.replaceAll(/\s*\n\s*/g, '');
    expect(await page()).toBe('<h1>Your account</h1><p>Saved.</p><p>Signed in as Peter</p>');
    expect(await page()).toBe('<h1>Your account</h1><p>Signed in as Peter</p>');
    rmSync(views, { recursive: true });
  });

  it('guards, filters and fills in: Outside a handler', async () => {
    const { SignedInGuard, SignInFilter, LocaleMiddleware } = chapter['outside-a-handler.ts'];
    const { SignInController } = chapter['sign-in-and-sign-out.ts'];
    const { visitor, valuesOf } = await start({
      controllers: [SignInController],
      providers: [
        { provide: APP_GUARD, useClass: SignedInGuard },
        { provide: APP_FILTER, useClass: SignInFilter },
        LocaleMiddleware,
      ],
      configure: (nest) => {
        const middleware: { use?: (...args: unknown[]) => unknown } = nest.get(LocaleMiddleware);
        nest.use((...args: unknown[]) => middleware.use!(...args));
      },
    });
    const denied = await visitor.post('/sign-out');
    expect(denied).toMatchObject({ status: 303, location: '/sign-in' });
    expect(valuesOf()).toEqual({ locale: '*', _flash: ['Please sign in first.'] });
  });

  it('signs in, remembers, and signs out: Sign in and sign out', async () => {
    const { SignInController } = chapter['sign-in-and-sign-out.ts'];
    const { visitor, valuesOf, sessions } = await start({ controllers: [SignInController] });
    const before = sessions.seal({ cart: 'full' });
    visitor.jar.set('sid', before);
    const signedIn = await visitor.post('/sign-in', { name: 'Peter', remember: 'on' });
    expect(signedIn).toMatchObject({ status: 303, location: '/' });
    expect(signedIn.cookies[0]).toContain(`; Max-Age=${90 * 24 * 60 * 60};`);
    expect(valuesOf()).toEqual({ cart: 'full', user: 'Peter' });
    await visitor.post('/sign-out');
    expect(valuesOf()).toEqual({ _flash: ['You are signed out.'] });
  });

  it('has two sessions: Several sessions', async () => {
    const { TwoSessionsModule } = chapter['several-sessions.ts'];
    const { visitor, valuesOf } = await start({ imports: [TwoSessionsModule] });
    const { cookies } = await visitor.post('/admin/unlock');
    expect(cookies.find((line) => line.startsWith('admin='))).toMatch(
      /; Max-Age=(600|5\d\d);.*; SameSite=Strict/,
    );
    expect(valuesOf('admin')).toEqual({ unlockedAt: expect.any(Date) as Date });
    expect(valuesOf('app')).toEqual({
      _flash: ['The administration is open for ten minutes.'],
    });
  });

  it('rotates: Rotating the secret', async () => {
    const { RotatingModule, ConfiguredModule } = chapter['rotating-the-secret.ts'];
    const { AppModule } = chapter['src/app.module.ts'];
    const { VisitsController } = chapter['src/visits.controller.ts'];
    const old = await start({ imports: [AppModule] });
    await old.visitor.get('/visits');
    await closeApps();

    const { visitor, sessions } = await start({
      imports: [RotatingModule],
      controllers: [VisitsController],
    });
    visitor.jar.set('app', old.visitor.jar.get('app')!);
    expect((await visitor.get('/visits')).text).toBe('Visit number 2');
    await closeApps();

    // An instance that has the old secret only.
    const { sessions: configured } = await start({ imports: [ConfiguredModule] });
    expect(sessions.unseal(visitor.jar.get('app')!)).toEqual({ visits: 2 });
    expect(configured.unseal(visitor.jar.get('app')!)).toBeUndefined();
    expect(configured.unseal(old.visitor.jar.get('app')!)).toEqual({ visits: 1 });
  });

  it('answers for a full cart: Errors', async () => {
    const { SessionErrorFilter } = chapter['errors.ts'];
    const { CartController } = chapter['in-a-handler.ts'];
    const { visitor } = await start({
      controllers: [CartController],
      providers: [{ provide: APP_FILTER, useClass: SessionErrorFilter }],
      session: { maxCookieBytes: 200 },
    });
    expect((await visitor.post('/cart/book')).status).toBe(201);
    const full = await visitor.post(`/cart/${'x'.repeat(90)}`);
    expect(full).toMatchObject({ status: 409, cookies: [] });
    expect(full.text).toContain('The cart is full.');
    expect((await visitor.get('/cart')).text).toBe('{"items":["book"]}');
  });

  it('hears of a rejected cookie: Events', async () => {
    const { CartController } = chapter['in-a-handler.ts'];
    const { RejectedCookies } = chapter['events.ts'];
    const { visitor } = await start({
      controllers: [CartController],
      providers: [RejectedCookies],
    });
    takeLogs();
    visitor.jar.set('sid', 'damaged');
    await visitor.get('/cart');
    expect(takeLogs().warnings).toEqual(['A cookie of the session sid was rejected: malformed']);
  });

  it('boots in every form: Options', async () => {
    const { forms } = chapter['options.ts'] as unknown as { forms: AppOptions['imports'] };
    expect(forms).toHaveLength(4);
    for (const form of forms!) {
      const { sessions } = await start({ imports: [form] });
      expect(sessions.unseal(sessions.seal({ key: 'value' }))).toEqual({ key: 'value' });
      await closeApps();
    }
  });
});

describe('what the README says of typed values', () => {
  const { Address, Customer, Company, Order, Point, Money, Uuid, Cart, Contact, Filter } = chapter[
    'typed-values.ts'
  ] as Record<string, Type>;
  let sessions: SessionService;

  beforeAll(async () => {
    ({ sessions } = await startApp('Express'));
  });
  afterAll(closeApps);

  const back = (value: unknown): any => sessions.unseal(sessions.seal({ value }))!.value;

  /** What is read where some build has stored this text. */
  const readFrom = (text: string): any => {
    const now = Date.now();
    const times = { createdAt: now, sentAt: now, expiresAt: now + 60_000 };
    const record = { id: 'x'.repeat(24), ...times, texts: new Map([['value', text]]) };
    const keyring = new Keyring([SECRET], 'session\0sid');
    return sessions.unseal(keyring.seal(formatRecord(record)))!.value;
  };

  const cycle: Record<string, unknown> = {};
  cycle.again = cycle;
  const one = { a: 1 };
  const samples: unknown[][] = [
    ['text', 1.5, NaN, Infinity, -Infinity, -0, true, null],
    [undefined, 5n],
    [{ a: [1, { b: 2 }] }, [1, [2]]],
    [
      new Date(),
      new Date(NaN),
      new Map([[1, 2]]),
      new Set([1]),
      new URL('https://example.com'),
      Buffer.from([1, 2]),
      new Uint8Array([1, 2]),
      new BigInt64Array([1n]),
    ],
    [new Point()],
    [
      new (class Other {
        a = 1;
      })(),
    ],
    [
      () => 1,
      Symbol('a'),
      cycle,
      /a/,
      Promise.resolve(),
      new Error('a'),
      new (class extends Array {})(),
    ],
    [[one, one]],
  ];
  const rows = rowsOf(README, 'Typed values').map(([what, stored]) => [what, stored] as const);

  it.each(rows.map((row, i) => [...row, samples[i]] as const))('%s: %s', (_, stored, values) => {
    const [code] = codeOf(stored);
    for (const value of values) {
      if (code === undefined) expect(inspect(back(value))).toBe(inspect(value));
      else expect(() => back(value)).toThrow(expect.objectContaining({ code }));
    }
  });

  it('holds for how an instance is made', () => {
    const ran: string[] = [];
    class WithDefault {
      a = 1;
      constructor(name = 'nobody') {
        ran.push(name);
      }
    }
    class WithOptional {
      a = 1;
      constructor(name?: string) {
        ran.push(`${name}`);
      }
    }
    class WithSetter {
      declare name: string;
      set nickname(nickname: string) {
        ran.push(nickname);
      }
    }
    registerSessionTypes(WithDefault, WithOptional, WithSetter);
    const made = [new WithDefault('a'), new WithOptional('b'), new WithSetter()] as const;
    Object.defineProperty(made[2], 'nickname', { value: 'c', enumerable: true });
    ran.length = 0;
    for (const instance of made) expect(back(instance)).toBeInstanceOf(instance.constructor);
    expect(ran).toEqual(['nobody']);
    expect(back(made[2])).toHaveProperty('nickname', 'c');
  });

  it('holds for a class inside a class, and for a field that is excluded', () => {
    const home = Object.assign(new Address(), { city: 'Ulm' });
    const customer = Object.assign(new Customer(), {
      name: 'Ann',
      address: home,
      formerAddresses: [home],
      passwordHash: 'hash',
    });
    const revived = back(customer);
    expect(revived).toBeInstanceOf(Customer);
    expect(revived.address).toBeInstanceOf(Address);
    expect(revived.formerAddresses[0]).toBeInstanceOf(Address);
    expect(revived.passwordHash).toBeUndefined();
  });

  it('holds for classes that are registered by a call', () => {
    expect(back(new Point())).toBeInstanceOf(Point);
    const price = back(new Money(1250n));
    expect(price).toBeInstanceOf(Money);
    expect(price.cents).toBe(1250n);
  });

  it('holds for a subclass in the place of its base', () => {
    const buyer = Object.assign(new Company(), { name: 'Acme', vatId: '1' });
    expect(back(Object.assign(new Order(), { buyer })).buyer).toBeInstanceOf(Company);
    class Stranger extends Customer {}
    expect(() => back(Object.assign(new Order(), { buyer: new Stranger() }))).toThrow(
      expect.objectContaining({ code: 'SESSION_TYPE_UNREGISTERED' }),
    );
  });

  it('holds for a decimal, a time of Luxon and a UUID', () => {
    const uuid = new Uuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6');
    expect(String(back(new Decimal('0.1')).plus('0.2'))).toBe('0.3');
    const time = DateTime.fromISO('2026-03-29T01:30', { zone: 'Europe/Berlin' });
    expect(
      back(time)
        .plus({ hours: 1 })
        .equals(time.plus({ hours: 1 })),
    ).toBe(true);
    expect(back(uuid)).toBeInstanceOf(Uuid);
    expect(String(back(uuid))).toBe(String(uuid));
  });

  it('holds for a class that has changed', () => {
    const lines = [{ sku: 'pen', count: 1 }];
    const cart = Object.assign(new Cart(), { lines, currency: 'EUR' });
    for (const text of [
      '{"@basket":{"items":["pen"]}}',
      '{"@cart":{"items":["pen"]}}',
      '{"@cart@2":{"lines":[{"sku":"pen","count":1}]}}',
      '{"@cart@3":{"lines":[{"sku":"pen","count":1}],"currency":"EUR"}}',
    ]) {
      expect(readFrom(text)).toStrictEqual(cart);
    }
    expect(readFrom('["a",{"@cart@4":{"future":1}}]')).toEqual(['a', undefined]);
    expect(readFrom('{"@cart":{}}')).toBeUndefined();
  });

  it('holds for a stored value that is not valid', () => {
    takeLogs();
    const good = '{"@contact":{"name":"Ann","email":"ann@example.com"}}';
    const bad = '{"@contact":{"name":"","email":"ann"}}';
    expect(readFrom(`[${good},${bad},${good}]`)).toEqual([
      expect.any(Contact),
      expect.any(Contact),
    ]);
    expect(takeLogs().warnings).toEqual([
      'values.value[1] was dropped: the stored value of the type "@contact" is not valid: name (isLength), email (isEmail).',
    ]);
    expect(readFrom('{"@filter":{"page":3}}')).toStrictEqual(
      Object.assign(new Filter(), { page: 3, words: [] }),
    );
    expect(readFrom('{"@filter":{"page":-1}}')).toStrictEqual(
      Object.assign(new Filter(), { page: 1 }),
    );
  });

  it('holds for one object in two places', () => {
    const [first, second] = back([one, one]);
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
  });

  it('holds for what cannot be stored, by its path', () => {
    const onClick = () => {};
    expect(() => sessions.seal({ cart: { items: [1, 2, { onClick }] } })).toThrow(
      codeOf(README).find((code) => code.startsWith('values.cart')),
    );
  });

  it('holds for the depth', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(back(nested(100))).toEqual(nested(100));
    expect(() => back(nested(101))).toThrow(/deep/);
  });

  it('leaves about 2,900 bytes for the values', () => {
    expect(README).toContain('about 2,900 bytes');
    expect(() => sessions.seal({ value: 'x'.repeat(2900) })).not.toThrow();
    expect(() => sessions.seal({ value: 'x'.repeat(3000) })).toThrow('4096');
  });
});
