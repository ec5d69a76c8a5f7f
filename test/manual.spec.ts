/**
 * Everything that the README and the manual show is compiled or run: their blocks of code as the
 * applications that they make up (`Project` says how), their tables against the types of the library.
 */
import type { Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import {
  MemorySessionRegistry,
  MemorySessionStore,
  registerSessionTypes,
  SessionError,
  type SessionErrorCode,
  type SessionService,
} from 'nestjs-typed-session';
import { Keyring } from '../lib/seal/keyring.js';
import { resolveOptions } from '../lib/options/session.options.js';
import { formatRecord } from '../lib/session/session-record.js';
import { adapters, closeApps, SECRET, startApp, takeLogs, type AppOptions } from './support/app.js';
import { useViews } from './support/views.js';
import { MENU } from '../docs/.vitepress/menu.js';
import { slugOf } from '../docs/.vitepress/slug.js';
import {
  blocksOf,
  codeOf,
  compile,
  complaints,
  Library,
  PAGES,
  Project,
  proseOf,
  README,
  ROOT,
  rowsOf,
  textOf,
} from './support/readme.js';

/** Exports of a file of a page. */
type Exports = Record<string, Type<unknown>>;

const project = new Project(PAGES);
const isShape = (file: string) => project.text(file).includes('declare module');
const paths = project.files.map((file) => project.path(file));
/** `SessionData` holds for a whole program, so a page that extends it is one of its own. */
const groups = [
  paths.filter((_, i) => !isShape(project.files[i])),
  ...project.files.filter(isShape).map((file) => [project.path(file)]),
];
const program = compile(groups[0]);
const library = new Library(program);

// The blocks read them when they are evaluated.
process.env.SESSION_SECRET = SECRET;
process.env.SESSION_SECRETS = `the newest secret, of more than thirty-two bytes,${SECRET}`;
process.env.OLD_KEY = 'the key of the old library';
const importAll = async (files: string[]) => {
  const all: Record<string, Exports> = {};
  // One after the other: Jest loses a module that two of them import at once.
  for (const file of files) all[file] = await project.import<Exports>(file);
  return all;
};
/** They listen, connect to a server, or need a package of another library: they are compiled alone. */
const isCompiledOnly = (file: string) =>
  /^(coming-from|compatibility|gateways|graphql|passport)\b|\/src\/(main|in-(redis|keyv|postgres))/.test(
    file,
  );
const shown = await importAll(project.files.filter((file) => !isCompiledOnly(file)));

const blocksIn = (language: string, pages = PAGES) =>
  pages.flatMap((page) =>
    blocksOf(page.text)
      .filter((block) => block.language === language)
      .map((block) => ({ ...block, page })),
  );
const blockOf = (name: string, language: string) =>
  blocksIn(language).find(({ page }) => page.name === name)!;

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

describe('the blocks of the manual', () => {
  it('are of the languages that are tested here', () => {
    const languages = PAGES.flatMap(({ text }) => blocksOf(text)).map(({ language }) => language);
    const known = ['console', 'hbs', 'json', 'mermaid', 'sh', 'ts'];
    expect([...new Set(languages)].toSorted()).toEqual(known);
  });

  it('compile', () => {
    const [, ...others] = groups;
    expect([
      ...complaints(program, groups[0]),
      ...others.flatMap((group) => complaints(compile(group), group)),
    ]).toEqual([]);
  });

  it('are each in a file that is compiled, at their own line', () => {
    const compiled = new Map(project.files.map((file) => [file, project.text(file).split('\n')]));
    const blocks = blocksIn('ts').map(({ page, code, line }) => {
      const named = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1];
      return { file: `${page.name}/${named ?? `${page.name.split('/').at(-1)}.ts`}`, code, line };
    });
    expect(blocks.length).toBeGreaterThan(50);
    for (const { file, code, line } of blocks.filter((block) => !project.leftOut.has(block.file))) {
      const lines = code.split('\n');
      expect(compiled.get(file)?.slice(line, line + lines.length)).toEqual(lines);
    }
  });

  it('are reported by their page and line where they do not compile', () => {
    const { page, code, line } = blockOf('flashes', 'ts');
    const lines = page.text.split('\n');
    const end = line + code.split('\n').length;
    lines[end - 1] += ' missing;';
    const broken = new Project([{ ...page, text: lines.join('\n') }]);
    const files = broken.files.map((file) => broken.path(file));
    expect(complaints(compile(files), files)).toEqual([
      `docs/flashes.md:${end} Cannot find name 'missing'.`,
    ]);
    broken.remove();
  });

  it('of the shell run what there is', () => {
    const { scripts, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: object;
      bin: object;
    };
    const ofNpm = ['ci', 'install', 'pack'];
    const commands = blocksIn('sh').flatMap(({ code }) => code.split(/\n| && /));
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const [tool, verb] = command.replace(/^[A-Z_]+=\S+ /, '').split(' ');
      if (tool === 'npm') expect([...ofNpm, ...Object.keys(scripts)]).toContain(verb);
      else if (tool === 'npx') expect(Object.keys(bin)).toContain(verb);
      else expect(tool).toBe('node');
    }
  });

  it('of the shell make a good secret', () => {
    const secrets = blocksIn('sh').filter(({ code }) => code.startsWith('node'));
    expect(new Set(secrets.map(({ code }) => code)).size).toBe(1);
    const [, script] = /^node -p "(.*)"$/.exec(secrets[0].code)!;
    const secret = execFileSync(process.execPath, ['-p', script], { encoding: 'utf8' }).trim();
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });
});

describe('the links of', () => {
  const headingsOf = (text: string) =>
    [...proseOf(text).matchAll(/^##* (.+)$/gm)].map(([, heading]) => slugOf(heading));

  it.each(PAGES.map((page) => [page.path, page] as const))('%s lead somewhere', (_, page) => {
    const inProse = [...proseOf(page.text).matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
    const inHome = [...page.text.matchAll(/^ +link: \/(\S*)$/gm)].map(([, name]) => `${name}.md`);
    const broken = [...inProse, ...inHome]
      .filter((target) => !target.startsWith('https:'))
      .filter((target) => {
        const [path, anchor] = target.split('#');
        const file = path === '' ? page.path : join(dirname(page.path), path);
        if (!existsSync(join(ROOT, file))) return true;
        if (anchor === undefined) return false;
        return !headingsOf(readFileSync(join(ROOT, file), 'utf8')).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('the menu lead to each page, once', () => {
    const files = MENU.flatMap(([, pages]) => pages.map(([, file]) => file));
    const inMenu = files.filter((file) => !file.includes('#'));
    const inDesign = (name: string) => name.startsWith('design/') && name !== 'design/README';
    const names = PAGES.map(({ name }) => name).filter(
      (name) => !['README', 'index'].includes(name) && !inDesign(name),
    );
    expect(inMenu.filter((name) => name !== 'api/index').toSorted()).toEqual(
      names.map((name) => name.replace('design/README', 'design/index')).toSorted(),
    );
    for (const [name, anchor] of files.map((file) => file.split('#'))) {
      if (anchor !== undefined) expect(headingsOf(textOf(name))).toContain(anchor);
    }
  });

  it('the decisions lead to each decision', () => {
    for (const { name } of PAGES.filter((page) => page.name.startsWith('design/'))) {
      if (name !== 'design/README') {
        expect(textOf('design/README')).toContain(`](${name.slice('design/'.length)}.md)`);
      }
    }
  });
});

describe('the door', () => {
  it('has at most 250 lines', () => {
    expect(README.trimEnd().split('\n').length).toBeLessThanOrEqual(250);
  });

  it('counts the rows of the comparison', () => {
    expect(README).toContain('has twenty rows');
    expect(rowsOf(textOf('comparison'))).toHaveLength(20);
  });

  it('has at most 300 lines behind it on each page', () => {
    const long = PAGES.filter(({ text }) => text.split('\n').length > 300);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe('the errors of the library', () => {
  const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    repository: { url: string };
  };
  const pages = repository.url.replace(/^git\+/, '').replace(/\.git$/, '/blob/main/docs/errors.md');

  it.each(library.literalsOf('session.errors.ts', 'SessionErrorCode') as SessionErrorCode[])(
    '%s end with the address of its section',
    (code) => {
      const { message } = new SessionError(code, 'A sentence');
      expect(message).toBe(`A sentence. See ${pages}#${slugOf(code)}`);
      expect(textOf('errors')).toContain(`\n## ${code}\n`);
    },
  );
});

describe('the tables of the manual', () => {
  const firstCodes = (name: string, chapter?: string) =>
    rowsOf(textOf(name), chapter).flatMap(([cell]) => codeOf(cell));

  it('name every option', () => {
    const own = library.membersOf('options/session.options.ts', 'SessionOptions');
    const ofCookie = library.membersOf('options/session.options.ts', 'SessionCookieOptions');
    expect(firstCodes('options').toSorted()).toEqual(
      [
        ...own.filter((name) => name !== 'cookie'),
        ...ofCookie.map((name) => `cookie.${name}`),
      ].toSorted(),
    );
  });

  describe('give the true default of', () => {
    // Some options say something of a store, and are refused without.
    const store = new MemorySessionStore();
    const registry = new MemorySessionRegistry();
    const resolve = (options: object) =>
      resolveOptions({ secret: SECRET, store, registry, ...options })[0];
    const setting = (option: string, value: unknown): object => {
      const [first, second] = option.split('.');
      return second === undefined ? { [first]: value } : { cookie: { [second]: value } };
    };
    const defaults = rowsOf(textOf('options')).map(([option, value]) => [codeOf(option)[0], value]);
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
        secretRefresh: '5 minutes, with a function',
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
      const [, , meaning] = rowsOf(textOf('options')).find(([option]) => option === '`name`')!;
      const secure = { secure: true };
      expect(codeOf(meaning).filter((code) => code.startsWith('__'))).toEqual([
        resolve({ cookie: secure }).name,
        resolve({ cookie: { ...secure, domain: 'example.com' } }).name,
      ]);
      expect(resolve({ cookie: { ...secure, path: '/app' } }).name).toBe('__Secure-session');
    });
  });

  it('name every code of an error', () => {
    expect(firstCodes('errors').toSorted()).toEqual(
      library.literalsOf('session.errors.ts', 'SessionErrorCode').toSorted(),
    );
  });

  it('name every event, what it holds and why a cookie is rejected', () => {
    const kinds = library.literalsOf('session.events.ts', 'SessionEventKind');
    expect(firstCodes('events', 'Channels').toSorted()).toEqual(
      kinds.map((kind) => `nestjs-typed-session:${kind}`).toSorted(),
    );
    const codes = codeOf(proseOf(textOf('events')));
    expect(codes).toEqual(
      expect.arrayContaining([
        ...library.membersOf('session.events.ts', 'SessionEvent'),
        ...library.literalsOf('session.events.ts', 'SessionRejectReason'),
      ]),
    );
  });

  it('quote the warnings as the log has them', () => {
    const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
    const sources = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, 'lib', file), 'utf8'));
    const quoted = firstCodes('troubleshooting', 'A warning in the log');
    expect(quoted.length).toBeGreaterThan(10);
    for (const part of quoted) {
      expect([part, sources.some((source) => source.includes(part))]).toEqual([part, true]);
    }
  });

  it('name every member of a session', () => {
    const names = firstCodes('in-a-handler', 'The members of a session').map(
      (code) => /^(?:await )?(\w+)/.exec(code)![1],
    );
    expect(names.toSorted()).toEqual(library.membersOf('session/session.ts', 'Session').toSorted());
  });

  it('name every method of the service', () => {
    const names = firstCodes('guards-filters-middleware', 'Methods of SessionService').map(
      (code) => /^(?:await )?(\w+)/.exec(code)![1],
    );
    expect([...new Set(names)].toSorted()).toEqual(
      library.membersOf('session.service.ts', 'SessionService').toSorted(),
    );
  });

  it('name every export', () => {
    expect(firstCodes('exports', 'nestjs-typed-session').toSorted()).toEqual(
      library.exportsOf('index.ts').toSorted(),
    );
    expect(firstCodes('exports', 'nestjs-typed-session/testing').toSorted()).toEqual(
      library.exportsOf('testing/index.ts').toSorted(),
    );
  });
});

describe.each(adapters)('the manual on %s', (adapter) => {
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

  it('answers as its recording shows: README', async () => {
    const { AppModule } = shown['README/src/app.module.ts'];
    const { visitor } = await start({ imports: [AppModule] });
    const steps = blockOf('README', 'console').code.split(/^\$ /m).slice(1);
    expect(steps).toHaveLength(5);
    for (const step of steps) {
      const [command, answer] = step.split('\n');
      const [, path] = / http:\/\/localhost:3000(\/\S+)$/.exec(command)!;
      const [, name] = / --data name=(\S+)/.exec(command) ?? [];
      const isPost = name !== undefined || command.includes(' --request POST ');
      const { text } = await (isPost ? visitor.post(path, { name }) : visitor.get(path));
      expect(text).toBe(answer);
    }
  });

  it('counts visits: Start', async () => {
    const { AppModule } = shown['start/src/app.module.ts'];
    const { visitor } = await start({ imports: [AppModule] });
    expect((await visitor.get('/visits')).text).toBe('Visit number 1');
    expect((await visitor.get('/visits')).text).toBe('Visit number 2');
    expect([...visitor.jar.keys()]).toEqual(['app']);
  });

  it('keeps a cart: In a handler', async () => {
    const { CartController, CheckoutController } = shown['in-a-handler/in-a-handler.ts'];
    const { visitor } = await start({ controllers: [CartController, CheckoutController] });
    expect((await visitor.get('/cart')).text).toBe('{"items":[]}');
    await visitor.post('/cart/book');
    await visitor.post('/cart/pen');
    expect((await visitor.get('/cart')).text).toBe('{"items":["book","pen"]}');
    expect((await visitor.get('/checkout')).text).toBe('2');
  });

  it('shows flashes once: Flashes', async () => {
    const { OrderController } = shown['flashes/flashes.ts'];
    const { visitor, valuesOf } = await start({ controllers: [OrderController] });
    const ordered = await visitor.post('/orders');
    expect(ordered).toMatchObject({ status: 303, location: '/notices' });
    expect(valuesOf()).toEqual(JSON.parse(blockOf('flashes', 'json').code));
    const notices = '{"notices":["welcome!"],"names":["peter"]}';
    expect((await visitor.get('/notices', { 'sec-purpose': 'prefetch' })).text).toBe(notices);
    expect((await visitor.get('/notices')).text).toBe(notices);
    expect((await visitor.get('/notices')).text).toBe('{"notices":[],"names":[]}');
  });

  it('gives classes back: Typed values', async () => {
    const { UserController } = shown['typed-values/typed-values.ts'];
    const { visitor } = await start({ controllers: [UserController] });
    expect((await visitor.get('/greeting')).text).toBe('Who are you?');
    await visitor.post('/user', { name: 'Peter' });
    expect((await visitor.get('/greeting')).text).toBe('Hi Peter');
  });

  it('renders its template: Views', async () => {
    const { AccountController } = shown['views/views.ts'];
    const views = mkdtempSync(join(tmpdir(), 'manual-views-'));
    const template = blockOf('views', 'hbs');
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

  it('guards, filters and fills in: Guards, filters, middleware', async () => {
    const folder = 'guards-filters-middleware/src';
    const { SignedInGuard } = shown[`${folder}/signed-in.guard.ts`];
    const { SignInFilter } = shown[`${folder}/sign-in.filter.ts`];
    const { LocaleMiddleware } = shown[`${folder}/locale.middleware.ts`];
    const { SignInController } = shown['sign-in-and-out/sign-in-and-out.ts'];
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

  it('signs in, remembers, and signs out: Sign in and out', async () => {
    const { SignInController } = shown['sign-in-and-out/sign-in-and-out.ts'];
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
    const { TwoSessionsModule } = shown['several-sessions/several-sessions.ts'];
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

  it('rotates: Rotation and secrets', async () => {
    const { RotatingModule, ConfiguredModule } = shown['rotation/rotation.ts'];
    const { AppModule } = shown['start/src/app.module.ts'];
    const { VisitsController } = shown['start/src/visits.controller.ts'];
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
    const { SessionErrorFilter } = shown['errors/errors.ts'];
    const { CartController } = shown['in-a-handler/in-a-handler.ts'];
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

  it('hears of a rejected cookie: Events and logs', async () => {
    const { CartController } = shown['in-a-handler/in-a-handler.ts'];
    const { RejectedCookies } = shown['events/events.ts'];
    const { visitor } = await start({
      controllers: [CartController],
      providers: [RejectedCookies],
    });
    takeLogs();
    visitor.jar.set('sid', 'damaged');
    await visitor.get('/cart');
    expect(takeLogs().warnings).toEqual(['A cookie of the session sid was rejected: malformed']);
  });

  it('keeps no cookie beyond the browser, and remembers: Timeouts', async () => {
    const { ShortSessionsModule, RememberController } = shown['timeouts/timeouts.ts'];
    const { CartController } = shown['in-a-handler/in-a-handler.ts'];
    const { visitor } = await start({
      imports: [ShortSessionsModule],
      controllers: [CartController, RememberController],
    });
    const { cookies } = await visitor.post('/cart/book');
    expect(cookies[0]).not.toContain('Max-Age');
    const remembered = await visitor.post('/remember', { name: 'Ada' });
    expect(remembered.cookies[0]).toMatch(/; Max-Age=(43200|431\d\d);/);
  });

  it('refuses a form of another site: CSRF', async () => {
    const { SameOriginGuard } = shown['csrf/csrf.ts'];
    const { CartController } = shown['in-a-handler/in-a-handler.ts'];
    const { url } = await startApp(adapter, {
      controllers: [CartController],
      providers: [{ provide: APP_GUARD, useClass: SameOriginGuard }],
    });
    const statusOf = async (method: string, site?: string) => {
      const headers = site === undefined ? undefined : { 'sec-fetch-site': site };
      const response = await fetch(`${url}/cart${method === 'POST' ? '/book' : ''}`, {
        method,
        headers,
      });
      if (response.status === 403) expect(response.headers.getSetCookie()).toEqual([]);
      return response.status;
    };
    expect(await statusOf('POST', 'cross-site')).toBe(403);
    expect(await statusOf('POST', 'same-site')).toBe(403);
    expect(await statusOf('POST', 'same-origin')).toBe(201);
    expect(await statusOf('POST')).toBe(201);
    expect(await statusOf('GET', 'cross-site')).toBe(200);
  });

  it('opens no session for a request that Nest refuses: CSRF', async () => {
    const { CartController } = shown['in-a-handler/in-a-handler.ts'];
    const { url } = await startApp(adapter, {
      controllers: [CartController],
      configure: (nest) => nest.enableCsrfProtection(),
    });
    const post = (site: string) =>
      fetch(`${url}/cart/book`, { method: 'POST', headers: { 'sec-fetch-site': site } });
    const refused = await post('cross-site');
    expect(refused.status).toBe(403);
    expect(refused.headers.getSetCookie()).toEqual([]);
    expect(refused.headers.get('vary')).toBeNull();
    const allowed = await post('same-origin');
    expect(allowed.status).toBe(201);
    expect(allowed.headers.getSetCookie()).toHaveLength(1);
  });

  it('boots in every form: Options', async () => {
    const { forms } = shown['options/options.ts'] as unknown as { forms: AppOptions['imports'] };
    expect(forms).toHaveLength(4);
    for (const form of forms!) {
      const { sessions } = await start({ imports: [form] });
      expect(sessions.unseal(sessions.seal({ key: 'value' }))).toEqual({ key: 'value' });
      await closeApps();
    }
  });
});

describe('what the manual says of typed values', () => {
  const { Address, Customer, Company, Order, Point, Money, Uuid, Cart, Contact, Filter } =
    Object.assign(
      {},
      shown['typed-values/typed-values.ts'],
      shown['foreign-classes/foreign-classes.ts'],
      shown['types-that-change/types-that-change.ts'],
      shown['checked-values/checked-values.ts'],
    ) as Record<string, Type>;
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
  const rows = rowsOf(textOf('typed-values')).map(([what, stored]) => [what, stored] as const);

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
    // The first instance that is written is compared with a new one, once for its class.
    for (const instance of made) back(instance);
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
      codeOf(textOf('typed-values')).find((code) => code.startsWith('values.cart')),
    );
  });

  it('holds for the depth', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(back(nested(100))).toEqual(nested(100));
    expect(() => back(nested(101))).toThrow(/deep/);
  });

  it('leaves about 2,900 bytes for the values', () => {
    for (const name of ['README', 'limits', 'stores', 'errors']) {
      expect(textOf(name)).toContain('about 2,900 bytes');
    }
    expect(() => sessions.seal({ value: 'x'.repeat(2900) })).not.toThrow();
    expect(() => sessions.seal({ value: 'x'.repeat(3000) })).toThrow('4096');
  });
});
