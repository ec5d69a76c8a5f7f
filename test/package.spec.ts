/** What an application loads with the library as built. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

beforeAll(assertBuilt);

interface Form {
  types: string;
  default: string;
}

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, Record<'module-sync' | 'module' | 'import' | 'require', Form> | string>;
  typesVersions: { '*': Record<string, string[]> };
  dependencies?: Record<string, string>;
  peerDependencies: Record<string, string>;
};

/** Runs a module that finds the package by its name. @returns what it prints */
function run(program: string): unknown {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
}

/** The files of class-transformer that have been loaded, as an expression. */
const LOADED = `Object.keys(createRequire(import.meta.url).cache)
  .filter((file) => file.includes('class-transformer'))
  .map((file) => file.replace(/.*cjs./, ''))`;

describe('the package', () => {
  it.each(['js', 'cjs'])(
    'is one file to an application that keeps its sessions in the cookie, beside the names that it exports and the file that loads packages late: %s',
    (extension) => {
      const ownImportsOf = (file: string): string[] => {
        const source = readFileSync(join(ROOT, file), 'utf8');
        const paths = source.matchAll(/(?:from |require\()'(\.[^']*)'/g);
        return [...new Set([...paths].map(([, path]) => path))];
      };
      expect(ownImportsOf(`dist/index.${extension}`)).toEqual([`./shared/core.${extension}`]);
      expect(ownImportsOf(`dist/shared/core.${extension}`)).toEqual(['../values/packages.cjs']);
    },
  );

  it('exports its public names and no others, from each of its paths and in both forms', () => {
    const names = run(`
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const { exports: paths } = require('./package.json');
      const names = {};
      for (const [path, forms] of Object.entries(paths)) {
        if (typeof forms === 'string') continue;
        const both = [await import(forms.import.default), require(forms.require.default)];
        names[path] = both.map((form) => Object.keys(form).sort().join(' '));
      }
      console.log(JSON.stringify(names));`) as Record<string, string[]>;
    for (const [esm, cjs] of Object.values(names)) expect(cjs).toBe(esm);
    expect(Object.fromEntries(Object.entries(names).map(([path, [esm]]) => [path, esm]))).toEqual({
      '.': 'Flashes MemorySessionRegistry MemorySessionStore RequireFresh Session SessionError SessionInterceptor SessionModule SessionService SessionType SessionValue UNREADABLE registerSessionType registerSessionTypes',
      './adopt':
        'fromCookieSession fromExpressSession fromFastifySession fromGorilla fromIronSession fromSecureSession toGorilla',
      './express-session': 'ExpressSessionStore',
      './keyv': 'KeyvSessionRegistry KeyvSessionStore',
      './redis': 'RedisSessionRegistry RedisSessionStore',
      './testing':
        'SessionAgent createSession describeSessionRegistry describeSessionStore seenEvents sessionClock sessionCookie sessionOf',
    });
  });

  it('needs no package but the peers, and gives the licences of those within it', () => {
    const { dependencies, peerDependencies } = MANIFEST;
    expect(dependencies).toBeUndefined();
    for (const file of ['shared/core.js', 'shared/core.cjs', 'values/packages.cjs']) {
      const text = readFileSync(join(ROOT, 'dist', file), 'utf8');
      const packages = [...text.matchAll(/(?:^import .* from |require\()'([^.'][^']*)'[);]/gm)]
        .map(([, id]) => id)
        .filter((id) => !isBuiltin(id))
        .map((id) => id.replace(/^((?:@[^/]+\/)?[^/]+).*/, '$1'));
      expect(Object.keys(peerDependencies)).toEqual(expect.arrayContaining(packages));
    }
    const licences = readFileSync(join(ROOT, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^cookie \d.*Permission is hereby granted/ms);
    expect(licences).toMatch(/^ms \d.*Permission is hereby granted/ms);
  });

  it('has for each of its paths types and code of both forms, and for compilers that know no exports', () => {
    const { exports: paths, typesVersions } = MANIFEST;
    for (const [path, forms] of Object.entries(paths)) {
      if (typeof forms === 'string') continue;
      for (const { types, default: code } of Object.values(forms)) {
        expect([types, code].filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
      }
      if (path !== '.') expect(typesVersions['*'][path.slice(2)]).toEqual([forms.require.types]);
    }
  });

  it('has one SessionError, whichever path it is thrown from', () => {
    expect(
      run(`
        import { SessionError } from 'nestjs-typed-session';
        import { ExpressSessionStore } from 'nestjs-typed-session/express-session';
        import { KeyvSessionStore } from 'nestjs-typed-session/keyv';
        import { RedisSessionStore } from 'nestjs-typed-session/redis';
        const thrown = [ExpressSessionStore, KeyvSessionStore, RedisSessionStore].map((Store) => {
          try {
            return new Store({});
          } catch (error) {
            return error instanceof SessionError;
          }
        });
        console.log(JSON.stringify(thrown));`),
    ).toEqual([true, true, true]);
  });

  it('gives Node the same module to import and to require', () => {
    expect(
      run(`
        import { createRequire } from 'node:module';
        import { SessionService } from 'nestjs-typed-session';
        const required = createRequire(import.meta.url)('nestjs-typed-session');
        console.log(required.SessionService === SessionService);`),
    ).toBe(true);
  });

  it('loads nothing of class-transformer before a class is stored, and then its metadata only', () => {
    expect(
      run(`
        import { createRequire } from 'node:module';
        import { registerSessionType, SessionService } from 'nestjs-typed-session';
        class User { name = 'ann'; }
        registerSessionType(User);
        const before = ${LOADED};
        new SessionService({ secret: '0123456789abcdefghijklmnopqrstuv' }).seal({ user: new User() });
        console.log(JSON.stringify([before, ${LOADED}]));`),
    ).toEqual([
      [],
      ['storage.js', 'MetadataStorage.js', 'enums/index.js', 'enums/transformation-type.enum.js'],
    ]);
  });
});

/** Loads the two files as a loader does that takes `require` by its word, such as that of Jest. */
const BOTH_FORMS = `
  import { createRequire } from 'node:module';
  import * as esm from 'nestjs-typed-session';
  const cjs = createRequire(import.meta.url)('./dist/index.cjs');
  const secret = '0123456789abcdefghijklmnopqrstuv';`;

describe('the ES module and the CommonJS form in one process', () => {
  it('are two, with the same names', () => {
    expect(
      run(`${BOTH_FORMS}
        console.log(JSON.stringify([
          esm.SessionService !== cjs.SessionService,
          Object.keys(cjs).sort().join() === Object.keys(esm).sort().join(),
        ]));`),
    ).toEqual([true, true]);
  });

  it('know the same types, each those that were registered with the other', () => {
    expect(
      run(`${BOTH_FORMS}
        class User { name = 'ann'; }
        class Cart { items = [1]; }
        esm.registerSessionType(User);
        cjs.registerSessionType(Cart);
        const both = [esm, cjs].map(({ SessionService }) => new SessionService({ secret }));
        const classes = both.map((writer, index) => {
          const reader = both[1 - index];
          const { user, cart } = reader.unseal(writer.seal({ user: new User(), cart: new Cart() }));
          return user instanceof User && cart instanceof Cart;
        });
        console.log(JSON.stringify(classes));`),
    ).toEqual([true, true]);
  });

  it('know an error of the other as a SessionError, and not as one that extends it', () => {
    expect(
      run(`${BOTH_FORMS}
        const errors = [esm, cjs].map(({ SessionError }) => new SessionError('SESSION_STORE', 'down'));
        class OwnError extends esm.SessionError {}
        console.log(JSON.stringify([
          errors.every((error) => error instanceof esm.SessionError),
          errors.every((error) => error instanceof cjs.SessionError),
          new OwnError('SESSION_STORE', 'down') instanceof cjs.SessionError,
          new OwnError('SESSION_STORE', 'down') instanceof OwnError,
          errors.some((error) => error instanceof OwnError),
          new Error() instanceof esm.SessionError,
          null instanceof esm.SessionError,
        ]));`),
    ).toEqual([true, true, true, true, false, false, false]);
  });

  it('give a handler its session whichever of them the module and the decorator are of', () => {
    const APPLICATION = (module: string, decorator: string) => `${BOTH_FORMS}
      import 'reflect-metadata';
      import { Controller, Get, Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      class Visits {
        visit(session) { return { visits: (session.values.visits = (session.values.visits ?? 0) + 1) }; }
      }
      Controller()(Visits);
      Get()(Visits.prototype, 'visit', Object.getOwnPropertyDescriptor(Visits.prototype, 'visit'));
      ${decorator}.Session()(Visits.prototype, 'visit', 0);
      class App {}
      Module({ imports: [${module}.SessionModule.forRoot(secret, 'sid')], controllers: [Visits] })(App);
      const app = await NestFactory.create(App, { logger: false });
      await app.listen(0, '127.0.0.1');
      const first = await fetch(await app.getUrl());
      const cookie = first.headers.get('set-cookie').split(';')[0];
      console.log(await (await fetch(await app.getUrl(), { headers: { cookie } })).text());
      await app.close();`;
    expect(run(APPLICATION('esm', 'cjs'))).toEqual({ visits: 2 });
    expect(run(APPLICATION('cjs', 'esm'))).toEqual({ visits: 2 });
  });
});
