/** Applications that have not installed a peer, with the library as built. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

const NEEDED = ['@nestjs/common', '@nestjs/core', 'rxjs'];

const folders: string[] = [];

beforeAll(assertBuilt);
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** Runs a program where the library and these packages are installed. @returns what it prints */
function run(program: string, packages: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'optional-peer-'));
  folders.push(folder);
  const installed = join(folder, 'node_modules');
  for (const name of packages) {
    mkdirSync(dirname(join(installed, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(installed, name));
  }
  for (const part of ['dist', 'package.json']) {
    cpSync(join(ROOT, part), join(installed, 'nestjs-typed-session', part), { recursive: true });
  }
  writeFileSync(join(folder, 'main.mjs'), program);
  return execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }).trim();
}

/** A message ends with the address of its section in the manual. */
const withoutAddress = (message: string) => message.replace(/ See https:\S+/, '');

describe('an application without class-validator', () => {
  const PROGRAM = `
    import { registerSessionType } from 'nestjs-typed-session';
    registerSessionType(class First {}, { name: 'first' });
    try {
      registerSessionType(class Second {}, { name: 'second', validate: true });
    } catch (error) {
      console.log(error.code, error.message, error.cause.code);
    }`;

  it('registers its types, and is told what to install where one says validate', () => {
    expect(withoutAddress(run(PROGRAM, [...NEEDED, 'class-transformer']))).toBe(
      'SESSION_CONFIG The session type "second" says validate: true, which needs class-validator: npm install class-validator. MODULE_NOT_FOUND',
    );
  });
});

describe('an application without class-transformer', () => {
  const PROGRAM = `
    import { registerSessionType } from 'nestjs-typed-session';
    registerSessionType(URLSearchParams, { serialize: String, revive: (text) => new URLSearchParams(text) });
    try {
      registerSessionType(class First {}, { name: 'first' });
    } catch (error) {
      console.log(error.code, error.message, error.cause.code);
    }`;

  it('is told what to install when it registers a class, not when it first stores one', () => {
    expect(withoutAddress(run(PROGRAM, NEEDED))).toBe(
      'SESSION_CONFIG The session type "first" needs class-transformer: npm install class-transformer. (A bundler has to bundle it, or leave out this package too.) MODULE_NOT_FOUND',
    );
  });
});
