/** `npx nestjs-typed-session`: as built where it boots an application, else its program within the process. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySessionStore, SessionService, SessionType } from 'nestjs-typed-session';
import { sessionClock } from 'nestjs-typed-session/testing';
import { runProgram } from '../lib/cli/program.js';
import { SECRET } from './support/app.js';
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

let folder: string;

beforeAll(() => {
  assertBuilt();
  folder = mkdtempSync(join(tmpdir(), 'command-line-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['@nestjs', 'class-transformer', 'reflect-metadata', 'rxjs']) {
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

  it('tells under which key a store has the session, and opens what lies there', async () => {
    const store = new MemorySessionStore();
    const writes: { key: string; text: string }[] = [];
    const write = store.write.bind(store);
    store.write = (key, session, replaces) => {
      writes.push({ key, text: session.text });
      return write(key, session, replaces);
    };
    const cookie = await new SessionService({ secret: OTHER, name: 'sid', store }).begin(values);
    const env = { SESSION_SECRET: OTHER };
    const [{ key, text }] = writes;
    expect((await run(['inspect', '--json', `sid=${cookie}`], env)).json).toMatchObject({
      kind: 'store-cookie',
      storeKey: key,
    });
    expect((await run(['inspect', '--json', '--name', 'sid', text], env)).json).toMatchObject({
      kind: 'store-entry',
      values: [{ key: 'user' }, { key: 'visits' }],
    });
  });
});

describe('doctor', () => {
  const HEAD = `
    require('reflect-metadata');
    const { Controller, Get, Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const { MemorySessionStore, SessionModule, SessionType, SessionValue } = require('nestjs-typed-session');
    const secret = '8Zk3vJ0bq1mXw5T7yRc2Fh9LpNs4DgUa6EoViKjQxWl';
    const strong = { secret, name: 'app', idleTimeout: '30 minutes', absoluteTimeout: '12 hours' };`;
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
    expect(ran.json.notes).toEqual([expect.stringMatching(/createApp/)]);
    expect(ran.out).not.toContain('keyboard cat');
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
    expect([status, out]).toEqual([0, expect.stringMatching(/^Sessions: app\nNothing weak/)]);
    const copy = join(folder, 'node_modules/other/node_modules/class-transformer');
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{ "version": "0.5.0" }');
    const ran = spawn(['doctor', path, '--asvs', '3', '--json']);
    expect(idsOf(ran)).toEqual(['idle-timeout', 'copies']);
    expect(ran.json.findings[1].message).toMatch(/class-transformer is there 2 times.*0\.5\.0/);
    rmSync(join(folder, 'node_modules/other'), { recursive: true });
  });

  it.each([
    ['NestFactory.create(AppModule)', ['proxy']],
    ['NestFactory.create(AppModule).then((app) => { app.set("trust proxy", 1); return app; })', []],
    ['NestFactory.create(AppModule, new FastifyAdapter({ trustProxy: 1 }))', []],
  ])(
    'sees whether a proxy is trusted, of a function that makes the application: %s',
    (make, ids) => {
      const path = file(
        'create-app.cjs',
        `${HEAD}
      const { FastifyAdapter } = require('@nestjs/platform-fastify');
      class AppModule {}
      Module({ imports: [SessionModule.forRoot(strong)] })(AppModule);
      exports.createApp = () => ${make};`,
      );
      const ran = spawn(['doctor', path, '--json']);
      expect([idsOf(ran), ran.json.notes]).toEqual([ids, []]);
    },
  );

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
  });
});
