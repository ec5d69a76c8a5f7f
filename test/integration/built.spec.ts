/** The formats of the library as built, in an application of its own. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertBuilt } from '../support/built-library.js';
import { ROOT } from '../support/readme.js';
import { describeWithLibraries, library, moduleOf } from './libraries.js';

const OURS = ['@nestjs/common', '@nestjs/core', 'rxjs', 'class-transformer'];

const folders: string[] = [];

beforeAll(assertBuilt);
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** Runs a program where the library and these packages are installed. @returns what it prints */
function run(program: string, packages: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'adopt-built-'));
  folders.push(folder);
  const installed = join(folder, 'node_modules');
  const link = (name: string, from: string) => {
    mkdirSync(dirname(join(installed, name)), { recursive: true });
    symlinkSync(join(ROOT, from, name), join(installed, name));
  };
  for (const name of OURS) link(name, 'node_modules');
  for (const name of packages) link(name, 'test/integration/node_modules');
  for (const part of ['dist', 'package.json']) {
    cpSync(join(ROOT, part), join(installed, 'nestjs-typed-session', part), { recursive: true });
  }
  writeFileSync(join(folder, 'main.mjs'), program);
  return execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }).trim();
}

const STORE = '{ get() {}, destroy() {} }';

it.each([
  ['cookie-signature', `fromExpressSession({ secret: 'a', store: ${STORE} })`],
  ['cookie-signature', `fromFastifySession({ secret: 'a', store: ${STORE} })`],
  ['keygrip', `fromCookieSession({ keys: ['a'] })`],
  ['iron-webcrypto', `fromIronSession({ name: 'a', password: 'a'.repeat(32) })`],
  ['@noble/ciphers', `fromSecureSession({ key: Buffer.alloc(32) })`],
])('without %s, the application is told at boot what to install: %s', (name, call) => {
  const printed = run(`
    import * as adopt from 'nestjs-typed-session/adopt';
    const { ${call.slice(0, call.indexOf('('))} } = adopt;
    await ${call}.prepare().catch((error) => console.log(error.code, error.message));`);
  const format = call.slice(0, call.indexOf('('));
  expect(printed).toMatch(`SESSION_CONFIG ${format} needs ${name}: npm install ${name}. See `);
});

describeWithLibraries('a session of @fastify/secure-session whose key is made of a secret', () => {
  // As many seconds as Argon2 takes in JavaScript, before Node 24.7.
  it('is opened by the secret and the salt', async () => {
    const { fastify } = await moduleOf('fastify');
    const secret = 'a secret of the old application, long enough';
    const app = fastify();
    await app.register(await library('@fastify/secure-session'), {
      secret,
      salt: 'sixteen bytes ok',
    });
    await app.ready();
    const text: string = app.encodeSecureSession(app.createSecureSession({ user: 'peter' }));
    await app.close();
    const printed = run(
      `import { fromSecureSession } from 'nestjs-typed-session/adopt';
      const adopter = fromSecureSession({ secret: ${JSON.stringify(secret)}, salt: 'sixteen bytes ok' });
      await adopter.prepare();
      const session = await adopter.adopt(() => [${JSON.stringify(encodeURIComponent(text))}]);
      console.log(JSON.stringify(session?.values));`,
      ['@noble/ciphers', '@noble/hashes'],
    );
    expect(printed).toBe('{"user":"peter"}');
  }, 180_000);
});
