/** `npx nestjs-typed-session`: as built where it boots an application, else its program within the process. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MemorySessionRegistry,
  MemorySessionStore,
  SessionService,
  SessionType,
} from 'nestjs-typed-session';
import { sessionClock } from 'nestjs-typed-session/testing';
import { runProgram } from '../lib/cli/program.js';
import { SessionBackends } from '../lib/request/session-backends.js';
import type { SessionOwner } from '../lib/session/sign-in.js';
import { SECRET } from './support/app.js';
import { slugOf } from '../docs/.vitepress/slug.js';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

const OTHER = 'another secret for tests of more than thirty-two bytes';

const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};
const PROGRAM = join(ROOT, bin['nestjs-typed-session']);

interface Ran {
  status: number | null;
  out: string;
  err: string;
  json: any;
}

/** The program as built, in a process of its own. */
function spawn(args: string[], env: Record<string, string> = {}, input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH, ...env },
    input,
    encoding: 'utf8',
  });
  return ranOf(status, stdout, stderr);
}

/** The program, without a process. */
async function run(args: string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  const io = { env, readInput: async () => input };
  const { exitCode, out = '', err = '' } = await runProgram(args, io);
  return ranOf(exitCode, out, err);
}

function ranOf(status: number | null, out: string, err: string): Ran {
  return {
    status,
    out: out.trim(),
    err: err.trim(),
    get json() {
      return JSON.parse(out) as unknown;
    },
  };
}

/** A cookie of somebody who has signed in. */
async function cookieOf(backends: SessionBackends, owner: SessionOwner | undefined) {
  const backend = backends.default;
  const authenticatedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  const signIn = { authenticatedAt, owner };
  const now = Date.now();
  const state = { id: backend.newId(), createdAt: now, signIn, texts: new Map([['visits', '3']]) };
  return `sid=${await backend.keep(backend.recordOf(state, now))}`;
}

let folder: string;

beforeAll(() => {
  assertBuilt();
  folder = mkdtempSync(join(tmpdir(), 'command-line-'));
  mkdirSync(join(folder, 'node_modules'));
  const packages = ['@nestjs', 'class-transformer', 'express-session', 'keyv', 'reflect-metadata'];
  for (const name of [...packages, 'rxjs']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  symlinkSync(ROOT, join(folder, 'node_modules/nestjs-typed-session'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('the command line', () => {
  it.each([[], ['keygen'], ['inspect'], ['doctor']])('has help: %s', async (...command) => {
    const { status, out } = await run([...command, '--help']);
    expect(status).toBe(0);
    expect(out).toMatch(/^Usage: npx nestjs-typed-session/);
    expect(out).toMatch(/Exit codes:\n +0 .*\n +1 .*\n +2 .*\n +3 /);
  });

  it.each([
    [[], ''],
    [['sing'], "there is no command 'sing'"],
    [['keygen', '--count', 'many'], "--count is 'many'; allowed: 1 to 1000"],
    [['keygen', '--secret', 'x'], "Unknown option '--secret'"],
    [['inspect'], 'there is no COOKIE'],
    [['inspect', 'a', 'b'], 'inspect takes one COOKIE'],
    [['inspect', 'a', '--secret', SECRET], "Unknown option '--secret'"],
    [['doctor'], 'doctor takes one FILE'],
  ])('ends with 2 where it is called in a wrong way: %j', async (args, message) => {
    const { status, err } = await run(args);
    expect(status).toBe(2);
    expect(err).toContain(message);
  });

  it.each([
    [['inspect', 'a'], 'there is no secret: set SESSION_SECRET'],
    [['inspect', 'a', '--secret-file', 'no-such-file'], 'no-such-file cannot be read'],
    [['doctor', 'no-such-file.js'], 'there is no file no-such-file.js'],
  ])('ends with 3 where it cannot run: %j', async (args, message) => {
    const { status, err } = await run(args);
    expect([status, err]).toEqual([3, expect.stringContaining(message)]);
    expect((await run([...args, '--json'])).json).toEqual({
      error: expect.stringContaining(message),
    });
  });
});

describe('the program as built', () => {
  it('prints, reads standard input, and ends with the exit code', () => {
    const env = { SESSION_SECRET: OTHER };
    const sealed = new SessionService({ secret: OTHER, name: 'sid' }).seal({ visits: 3 });
    expect(spawn(['inspect', '--json'], env, `sid=${sealed}\n`)).toMatchObject({
      status: 0,
      err: '',
      json: { opens: true, values: [{ key: 'visits', value: 3 }] },
    });
    expect(spawn(['sing'])).toMatchObject({
      status: 2,
      out: '',
      err: "nestjs-typed-session: there is no command 'sing' (nestjs-typed-session --help)",
    });
  });
});

describe('keygen', () => {
  it('makes a secret that the module takes, as the line for .env', async () => {
    const { status, out } = await run(['keygen']);
    expect(status).toBe(0);
    expect(out).toMatch(/^SESSION_SECRET=[\w-]{43}$/);
  });

  it('makes several, each another', async () => {
    const { secrets, env } = (await run(['keygen', '--count', '3', '--json'])).json;
    expect(new Set(secrets).size).toBe(3);
    expect(env).toEqual(secrets.map((secret: string) => `SESSION_SECRET=${secret}`));
  });
});

describe('inspect', () => {
  @SessionType('command-line-user')
  class User {
    name = 'Ada';
  }
  const values = { user: new User(), visits: 3 };
  const sealed = new SessionService({ secret: OTHER, name: 'sid' }).seal(values);

  it('tells what is in a cookie, sizes, end and key, and nothing of the id', async () => {
    const { status, out } = await run(['inspect', `sid=${sealed}`], { SESSION_SECRET: OTHER });
    expect(status).toBe(0);
    expect(out).toContain('Session     sid: a session that its cookie carries');
    expect(out).toContain('secret 1 of 1, the newest');
    expect(out).toMatch(/^Ends +20.*Z if nobody uses it/m);
    expect(out).toContain('  user (37 bytes): {"@command-line-user":{"name":"Ada"}}');
    expect(out).toContain('  visits (1 bytes): 3');
  });

  it('tells who has signed in and when, and nothing of the ref but that it is there', async () => {
    const backends = new SessionBackends({ secret: OTHER, name: 'sid' });
    const cookie = await cookieOf(backends, { id: 'u42', ref: 'the-ref', label: 'Firefox' });
    const env = { SESSION_SECRET: OTHER };
    const { json, out } = await run(['inspect', cookie, '--json'], env);
    expect(json).toMatchObject({
      authenticatedAt: '2026-01-02T03:04:05.000Z',
      owner: 'u42',
      label: 'Firefox',
      hasRef: true,
    });
    expect(out).not.toContain('the-ref');
    const text = (await run(['inspect', cookie], env)).out;
    expect(text).toMatch(/^Signed in +2026-01-02T03:04:05\.000Z$/m);
    expect(text).toMatch(/^Owner +"u42", as "Firefox", with a ref for a registry$/m);
    expect(text).toMatch(/^Ends .*\(an absoluteTimeout, or its registry, may end it sooner\)$/m);
    expect(text).not.toContain('the-ref');

    const anonymous = await cookieOf(backends, undefined);
    const shown = (await run(['inspect', anonymous, '--json'], env)).json;
    expect(shown).toMatchObject({ authenticatedAt: '2026-01-02T03:04:05.000Z' });
    expect(Object.keys(shown)).not.toContain('owner');
  });

  it.each([
    [`Cookie: theme=dark; sid=${sealed}; a=b`, ['--name', 'sid']],
    [`Set-Cookie: sid=${sealed}; Max-Age=60; Path=/; HttpOnly`, []],
    [sealed, ['--name', 'sid']],
  ])(
    'takes a header or a value, from standard input and with a file of secrets',
    async (text, args) => {
      const secrets = file('secrets.txt', `${SECRET}\n${OTHER}\n`);
      const all = ['inspect', '--json', '--secret-file', secrets, ...args];
      const { status, json } = await run(all, {}, `${text}\n`);
      expect(status).toBe(0);
      expect(json).toMatchObject({
        opens: true,
        name: 'sid',
        kind: 'cookie',
        sealedBy: 1,
        secrets: 2,
        isExpired: false,
        values: [
          { key: 'user', bytes: 37, value: { '@command-line-user': { name: 'Ada' } } },
          { key: 'visits', bytes: 1, value: 3 },
        ],
      });
      expect(Object.keys(json)).not.toContain('id');
    },
  );

  it.each(['base64url', 'base64', 'hex'] as const)(
    'finds a secret that the application decodes from %s',
    async (encoding) => {
      const bytes = randomBytes(32);
      const cookie = `sid=${new SessionService({ secret: bytes, name: 'sid' }).seal({ visits: 3 })}`;
      const env = { SESSION_SECRETS: `${OTHER},${bytes.toString(encoding)}` };
      const { json } = await run(['inspect', cookie, '--json'], env);
      expect(json).toMatchObject({ opens: true, sealedBy: 1, secrets: 2 });
    },
  );

  it.each([
    ['unknown-key', `sid=${sealed}`, SECRET],
    ['bad-seal', `other=${sealed}`, OTHER],
    ['bad-seal', `sid=${sealed.slice(0, -4)}AAAA`, OTHER],
    ['malformed', 'sid=short', OTHER],
    ['unknown-version', `sid=9${sealed.slice(1)}`, OTHER],
  ])('says why a cookie does not open: %s', async (reason, cookie, secret) => {
    const { status, json } = await run(['inspect', '--json', cookie], { SESSION_SECRETS: secret });
    expect(status).toBe(1);
    expect(json).toMatchObject({ opens: false, reason, why: expect.any(String) });
  });

  it('says that a cookie has expired', async () => {
    const options = { secret: OTHER, name: 'sid', idleTimeout: '30 minutes' };
    const cookie = `sid=${new SessionService(options).seal({})}`;
    sessionClock.advance('31 minutes');
    const { status, out } = await run(['inspect', cookie], { SESSION_SECRET: OTHER });
    sessionClock.reset();
    expect(status).toBe(1);
    expect(out).toMatch(/^Expired .*does not accept it \(expired\)/m);
  });

  it.each([
    ['of nobody', undefined, {}],
    ['of an owner', { id: 'u42', ref: 'the-ref' }, { hasRef: true }],
  ])(
    'tells under which key a store has the session, and opens what lies there: %s',
    async (_, owner, shown) => {
      const store = new MemorySessionStore();
      const writes: { key: string; text: string }[] = [];
      const write = store.write.bind(store);
      store.write = (key, session, replaces) => {
        writes.push({ key, text: session.text });
        return write(key, session, replaces);
      };
      const registry = new MemorySessionRegistry();
      const backends = new SessionBackends({ secret: OTHER, name: 'sid', store, registry });
      const cookie = await cookieOf(backends, owner);
      const env = { SESSION_SECRET: OTHER };
      const [{ key, text }] = writes;
      const ofCookie = await run(['inspect', '--json', cookie], env);
      expect(ofCookie.json).toEqual(
        expect.objectContaining({ kind: 'store-cookie', storeKey: key, ...shown }),
      );
      const ofEntry = await run(['inspect', '--json', '--name', 'sid', text], env);
      expect(ofEntry.json).toMatchObject({ kind: 'store-entry', ...shown, values: [{ value: 3 }] });
      expect(ofCookie.out + ofEntry.out).not.toContain('the-ref');
    },
  );
});

describe('doctor', () => {
  const HEAD = `
    require('reflect-metadata');
    const { Controller, Get, Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const { MemorySessionRegistry, MemorySessionStore, SessionModule, SessionType, SessionValue } =
      require('nestjs-typed-session');
    const secret = '8Zk3vJ0bq1mXw5T7yRc2Fh9LpNs4DgUa6EoViKjQxWl';
    const strong = { secret, name: 'app', idleTimeout: '30 minutes', absoluteTimeout: '12 hours' };
    const trusting = (AppModule) =>
      NestFactory.create(AppModule).then((app) => {
        app.set('trust proxy', 1);
        return app;
      });`;
  const idsOf = (ran: Ran) => ran.json.findings.map(({ id }: { id: string }) => id);

  it('finds all that is weak in a module', () => {
    const weak = file(
      'weak.cjs',
      `${HEAD}
      class User {}
      class Known {}
      SessionType('known')(Known);
      class Me { me() {} }
      Controller()(Me);
      Get()(Me.prototype, 'me', Object.getOwnPropertyDescriptor(Me.prototype, 'me'));
      SessionValue('user')(Me.prototype, 'me', 0);
      SessionValue('known')(Me.prototype, 'me', 1);
      SessionValue('since')(Me.prototype, 'me', 2);
      Reflect.defineMetadata('design:paramtypes', [User, Known, Date], Me.prototype, 'me');
      class AppModule {}
      Module({
        imports: [SessionModule.forRoot([
          { secret: 'keyboard cat', name: 'weak', cookie: { httpOnly: false, secure: false } },
          { ...strong, name: 'in-memory', store: new MemorySessionStore() },
        ])],
        controllers: [Me],
      })(AppModule);
      module.exports = { AppModule };`,
    );
    const ran = spawn(['doctor', weak, '--json']);
    expect([ran.err, ran.status]).toEqual(['', 1]);
    expect(ran.json.sessions).toEqual(['weak', 'in-memory']);
    expect(idsOf(ran)).toEqual([
      'secret',
      'secure',
      'http-only',
      'absolute-timeout',
      'memory-store',
      'unregistered-class',
    ]);
    expect(ran.json.findings.at(-1).message).toContain("Me.me takes 'user' as User");
    expect(ran.json.notes).toEqual([
      expect.stringMatching(/^Session 'weak' is in its cookie/),
      expect.stringMatching(/createApp/),
    ]);
    expect(ran.out).not.toContain('keyboard cat');
  });

  it('explains each finding in its help and in the manual', async () => {
    const source = readFileSync(join(ROOT, 'lib/cli/finding.ts'), 'utf8');
    const ids = [...source.matchAll(/\| '([a-z-]+)'/g)].map(([, id]) => id);
    const { out } = await run(['doctor', '--help']);
    const page = readFileSync(join(ROOT, 'docs/command-line.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell).join();
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.filter((id) => !new RegExp(`^  ([\\w, -]+ )?${id}\\b`, 'm').test(out))).toEqual([]);
    expect(ids.filter((id) => !rows.includes(`\`${id}\``))).toEqual([]);
  });

  it('tells where a copied cookie stays valid after a sign-out, with the page of the manual', () => {
    const path = file(
      'cookies.cjs',
      `${HEAD}
      class AppModule {}
      Module({
        imports: [SessionModule.forRoot([
          strong,
          { ...strong, name: 'registered', registry: new MemorySessionRegistry() },
          { ...strong, name: 'stored', store: new MemorySessionStore() },
        ])],
      })(AppModule);
      exports.createApp = () => trusting(AppModule);`,
    );
    const { notes } = spawn(['doctor', path, '--json']).json;
    expect(notes).toEqual([
      expect.stringMatching(/^Session 'app' .* has no registry: a copy of the cookie stays valid/),
    ]);
    const [, page, anchor] = /\/main\/(docs\/[\w-]+\.md)#([\w-]+)$/.exec(notes[0])!;
    const headings = readFileSync(join(ROOT, page), 'utf8').match(/(?<=^#+ ).*$/gm)!;
    expect(headings.map(slugOf)).toContain(anchor);
  });

  it('finds what one process keeps alone, and a registry whose answers are kept for long', () => {
    const path = file(
      'in-process.cjs',
      `${HEAD}
      const { Keyv } = require('keyv');
      const { MemoryStore } = require('express-session');
      const { KeyvSessionRegistry, KeyvSessionStore } = require('nestjs-typed-session/keyv');
      const { ExpressSessionStore } = require('nestjs-typed-session/express-session');
      const shared = new KeyvSessionStore(new Keyv({ store: { get() {}, set() {}, delete() {}, clear() {} } }));
      class AppModule {}
      Module({
        imports: [SessionModule.forRoot([
          { ...strong, store: new MemorySessionStore(), registry: new MemorySessionRegistry() },
          { ...strong, name: 'keyv', store: new KeyvSessionStore(new Keyv()), registry: new KeyvSessionRegistry(new Keyv()), registryCache: '10 minutes' },
          { ...strong, name: 'express', store: new ExpressSessionStore(new MemoryStore()) },
          { ...strong, name: 'shared', store: shared, absoluteTimeout: undefined, registry: new KeyvSessionRegistry(new Keyv(new Map())), registryCache: '1 minute' },
        ])],
      })(AppModule);
      exports.createApp = () => trusting(AppModule);`,
    );
    // Where the module itself warns of the first two.
    const { json, status } = spawn(['doctor', path, '--json'], { NODE_ENV: 'production' });
    const found = json.findings
      .filter(
        ({ id, message }: any) => id !== 'warning' || !/cannot compare and write/.test(message),
      )
      .map((one: any) => [one.id, one.session, one.message]);
    expect(found).toEqual([
      ['memory-store', 'app', expect.stringMatching(/^MemorySessionStore keeps the sessions/)],
      ['memory-registry', 'app', expect.stringMatching(/^MemorySessionRegistry keeps .*signed in/)],
      ['memory-store', 'keyv', expect.stringMatching(/^a Keyv without an adapter keeps/)],
      ['memory-registry', 'keyv', expect.stringMatching(/^a Keyv without an adapter keeps/)],
      ['registry-cache', 'keyv', expect.stringMatching(/^registryCache is 10 minutes: a session/)],
      ['memory-store', 'express', expect.stringMatching(/^MemoryStore keeps the sessions/)],
      ['memory-registry', 'shared', expect.stringMatching(/^a Keyv without an adapter keeps/)],
      ['absolute-timeout', 'shared', expect.stringMatching(/The registry knows a session as long/)],
    ]);
    expect(status).toBe(1);
  });

  it('finds unregistered classes of a resolver and of an inherited handler, and what the module has warned of', () => {
    const path = file(
      'handlers.cjs',
      `${HEAD}
      class User {}
      class Cart {}
      class Base { me() {} }
      Get()(Base.prototype, 'me', Object.getOwnPropertyDescriptor(Base.prototype, 'me'));
      SessionValue('user')(Base.prototype, 'me', 0);
      Reflect.defineMetadata('design:paramtypes', [User], Base.prototype, 'me');
      class Me extends Base {}
      Controller()(Me);
      class Resolver { cart() {} }
      SessionValue('cart')(Resolver.prototype, 'cart', 0);
      Reflect.defineMetadata('design:paramtypes', [Cart], Resolver.prototype, 'cart');
      class AppModule {}
      Module({
        imports: [SessionModule.forRoot({ ...strong, name: '__host_app' })],
        controllers: [Me],
        providers: [Resolver, { provide: 'made', useFactory: () => 1 }],
      })(AppModule);
      exports.createApp = () => trusting(AppModule);`,
    );
    const { findings } = spawn(['doctor', path, '--json']).json;
    expect(findings.map(({ message }: any) => message.split(',')[0])).toEqual([
      "Me.me takes 'user' as User",
      "Resolver.cart takes 'cart' as Cart",
      "The session name '__host_app' looks like a cookie prefix and is none: browsers know __Host- and __Secure- only",
    ]);
  });

  it('finds nothing in one that is not, judges by the level that is asked for, and finds copies of a package', () => {
    const path = file(
      'strong.mjs',
      `import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      ${HEAD}
      export default class AppModule {}
      Module({ imports: [SessionModule.forRoot(strong)] })(AppModule);`,
    );
    const { status, out } = spawn(['doctor', path]);
    const report =
      /^Sessions: app\nNothing weak was found\.\nNote: Session 'app' is .*\nNote: Whether the adapter/;
    expect([status, out]).toEqual([0, expect.stringMatching(report)]);
    const copy = join(folder, 'node_modules/other/node_modules/class-transformer');
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{ "version": "0.5.0" }');
    const ran = spawn(['doctor', path, '--asvs', '3', '--json']);
    expect(idsOf(ran)).toEqual(['idle-timeout', 'copies']);
    expect(ran.json.findings[1].message).toMatch(/class-transformer is there 2 times.*0\.5\.0/);
    rmSync(join(folder, 'node_modules/other'), { recursive: true });
  });

  it.each([
    ['NestFactory.create(AppModule)', ['proxy'], undefined],
    // Fastify trusts nobody by a number of hops.
    ['onFastify({ trustProxy: 1 })', [], /trusts a proxy, but none at 127\.0\.0\.1, .*trustProxy/],
    [
      "onFastify().then(async (app) => { await app.listen(0, '127.0.0.1'); return app; })",
      [],
      /could not be seen: the application listens already/,
    ],
  ])(
    'sees whether a proxy is trusted, of a function that makes the application: %s',
    (make, ids, note) => {
      const path = file(
        'create-app.cjs',
        `${HEAD}
      const { FastifyAdapter } = require('@nestjs/platform-fastify');
      const onFastify = (options) => NestFactory.create(AppModule, new FastifyAdapter(options));
      class AppModule {}
      Module({ imports: [SessionModule.forRoot({ ...strong, registry: new MemorySessionRegistry() })] })(AppModule);
      exports.createApp = () => ${make};`,
      );
      const ran = spawn(['doctor', path, '--json']);
      expect(idsOf(ran)).toEqual([...ids, 'memory-registry']);
      expect(ran.json.notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
    },
  );

  it('asks Fastify whom it trusts, whatever the form of its setting', () => {
    // Jest cannot load what `inject()` of Fastify is made of.
    const program = `
      import 'reflect-metadata';
      import { Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      import { FastifyAdapter } from '@nestjs/platform-fastify';
      import { proxyProbe } from './build/cli/proxy-trust.js';
      class EmptyModule {}
      Module({})(EmptyModule);
      const settings = [
        undefined, false, '127.0.0.1, 10.0.0.0/8', ['192.168.0.0/16', '203.0.113.7'],
        (address) => address === '::1', '203.0.113.7', 1,
      ];
      const found = [];
      for (const trustProxy of settings) {
        const adapter = new FastifyAdapter({ trustProxy });
        const app = await NestFactory.create(EmptyModule, adapter, { logger: false });
        const probe = proxyProbe(app);
        await app.init();
        found.push(await probe.ask());
        await app.close();
      }
      console.log(found.join());`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    expect(stdout.trim()).toBe('none,none,trusted,trusted,trusted,unclear,unclear');
  });

  it('ends with 3 where there is nothing to boot, and where it does not boot', () => {
    const without = file(
      'without.cjs',
      `${HEAD} class A {} Module({ imports: [] })(A); exports.A = A;`,
    );
    expect(spawn(['doctor', without])).toMatchObject({
      status: 3,
      err: expect.stringContaining('does not import SessionModule'),
    });
    const broken = file(
      'broken.cjs',
      `${HEAD} class A {} Module({ imports: [SessionModule.forRoot('')] })(A); exports.A = A;`,
    );
    expect(spawn(['doctor', broken])).toMatchObject({
      status: 3,
      err: expect.stringContaining('does not boot: SessionModule: secret'),
    });
    expect(spawn(['doctor', file('empty.cjs', '')])).toMatchObject({ status: 2 });
    // Nest ends the process there.
    const own = file(
      'broken-app.cjs',
      `${HEAD} class A {}
      Module({ imports: [SessionModule.forRootAsync({ useFactory: () => ({ secret: '' }) })] })(A);
      exports.createApp = () => NestFactory.create(A);`,
    );
    expect(spawn(['doctor', own])).toMatchObject({
      status: 3,
      out: '',
      err: expect.stringContaining('does not boot: SessionModule: secret'),
    });
    expect(spawn(['doctor', file('module.ts', 'enum A { B }')])).toMatchObject({
      status: 3,
      err: expect.stringContaining('(doctor takes JavaScript, as built)'),
    });
  });
});
