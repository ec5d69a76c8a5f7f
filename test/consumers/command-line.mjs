// The command line of the installed package, in the folder of a consumer: node command-line.mjs FOLDER
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const [, , folder] = process.argv;
const NPX = ['npx', '--no-install', 'nestjs-typed-session'];
/** What npx starts, without its own half second. */
const LINK = ['node_modules/.bin/nestjs-typed-session'];

/** @returns the exit code, and what was printed */
function run([program, ...before], args, env = {}, input = '') {
  const { status, stdout, stderr } = spawnSync(program, [...before, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    input,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

/** What a command prints as JSON, where it ends with this exit code. */
function json(exitCode, program, args, env, input) {
  const { status, out, err } = run(program, [...args, '--json'], env, input);
  assert.equal(status, exitCode, err);
  return JSON.parse(out);
}

for (const command of [[], ['doctor']]) {
  const { status, out } = run(LINK, [...command, '--help']);
  assert.equal(status, 0);
  assert.match(out, /^Usage: npx nestjs-typed-session/);
}

const { secrets, env } = json(0, NPX, ['keygen', '--count', '2']);
assert.equal(env[1], `SESSION_SECRET=${secrets[1]}`);
const [SESSION_SECRET] = secrets;

// The application as compiled: what it needs is found, and its secret comes from the environment.
const app = ['doctor', 'dist/app.module.js'];
const inProduction = { SESSION_SECRET, NODE_ENV: 'production' };
const { sessions, findings } = json(0, NPX, app, inProduction);
assert.deepEqual([sessions, findings], [['sid'], []]);
const weak = { SESSION_SECRET: 'keyboard cat' };
assert.deepEqual(
  json(1, NPX, app, weak).findings.map(({ id }) => id),
  ['secret'],
);
const refused = run(LINK, app, { ...weak, NODE_ENV: 'production' });
assert.equal(refused.status, 3);
assert.match(refused.err, /does not boot: SessionModule: secret/);

const sealing = `
  import { SessionService } from 'nestjs-typed-session';
  const options = { secret: process.env.SESSION_SECRET, name: 'sid' };
  process.stdout.write(new SessionService(options).seal({ visits: 3 }));`;
const sealed = run([process.execPath], ['--input-type=module', '-e', sealing], { SESSION_SECRET });
const cookie = `sid=${sealed.out}`;
const opened = json(0, NPX, ['inspect', cookie], { SESSION_SECRET });
assert.deepEqual(opened.values, [{ key: 'visits', bytes: 1, value: 3 }]);
assert.equal(json(0, LINK, ['inspect'], { SESSION_SECRET }, cookie).opens, true);
const other = { SESSION_SECRET: secrets[1] };
assert.equal(json(1, LINK, ['inspect', cookie], other).reason, 'unknown-key');

assert.equal(run(NPX, ['sing']).status, 2);
assert.equal(run(LINK, ['doctor', 'no-such-file.js']).status, 3);
console.log('command line: ok');
