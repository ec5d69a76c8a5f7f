/** What an application loads with the library as built. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

beforeAll(assertBuilt);

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
  it('is one file to an application that keeps its sessions in the cookie', () => {
    const index = readFileSync(join(ROOT, 'dist/index.js'), 'utf8');
    expect(index).not.toMatch(/^(import|export) .* from '\./m);
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

  it('gives the same module to import and to require', () => {
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
        new SessionService({ secret: 'x'.repeat(32) }).seal({ user: new User() });
        console.log(JSON.stringify([before, ${LOADED}]));`),
    ).toEqual([
      [],
      ['storage.js', 'MetadataStorage.js', 'enums/index.js', 'enums/transformation-type.enum.js'],
    ]);
  });
});
