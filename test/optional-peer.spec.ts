/** An application that has not installed class-validator, with the library as built. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './support/readme.js';

const NEEDED = [
  '@nestjs/common',
  '@nestjs/core',
  'class-transformer',
  'cookie',
  'ms',
  'on-headers',
];

const PROGRAM = `
  import { registerSessionType } from 'nestjs-typed-session';
  registerSessionType(class First {}, { name: 'first' });
  try {
    registerSessionType(class Second {}, { name: 'second', validate: true });
  } catch (error) {
    console.log(error.code, error.message, error.cause.code);
  }`;

describe('an application without class-validator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'optional-peer-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('registers its types, and is told what to install where one says validate', () => {
    const installed = join(folder, 'node_modules');
    for (const name of NEEDED) {
      mkdirSync(dirname(join(installed, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(installed, name));
    }
    for (const part of ['dist', 'package.json']) {
      cpSync(join(ROOT, part), join(installed, 'nestjs-typed-session', part), { recursive: true });
    }
    writeFileSync(join(folder, 'main.mjs'), PROGRAM);
    const printed = execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed.trim()).toBe(
      'SESSION_CONFIG The session type "second" says validate: true, which needs class-validator: npm install class-validator. MODULE_NOT_FOUND',
    );
  });
});
