/** The rooms of `lib/` and who may know whom: CONTRIBUTING.md shows them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { ROOT } from './support/readme.js';

/** From the top to the bottom. Who stands on one line is beside each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['testing', 'cli'],
  [
    'index',
    'session.module',
    'session.interceptor',
    'session.explorer',
    'session.service',
    'session.view',
  ],
  ['express'],
  ['decorators'],
  ['request'],
  ['backends'],
  ['adopt'],
  ['http', 'session'],
  ['options'],
  ['registry'],
  ['stores', 'values'],
  ['session.events'],
  ['seal', 'session.errors', 'session.clock'],
];
/** The files of the module itself, which make up one room. */
const TOP = LAYERS[1];

const LIB = join(ROOT, 'lib');
const MAX_LINES = 300;
const MAX_FILES = 10;

const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.c?ts$/.test(file) && !file.endsWith('.spec.ts'));

const sourceOf = (file: string) => readFileSync(join(LIB, file), 'utf8');

/** The folder of a file, or its own name where it lies in none. */
function roomOf(file: string): string {
  const [first] = file.split('/');
  return first === file ? file.replace(/\.ts$/, '') : first;
}

function layerOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room));
}

function importsOf(file: string): string[] {
  return ts
    .preProcessFile(sourceOf(file))
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(file), name).replace(/js$/, 'ts'));
}

describe('each file of lib/', () => {
  it.each(files)('%s stands in a room that has its layer', (file) => {
    expect(layerOf(roomOf(file))).not.toBe(-1);
  });

  it.each(files)('%s imports from its own room, and from those below it', (file) => {
    const room = roomOf(file);
    const others = importsOf(file)
      .map(roomOf)
      .filter((other) => other !== room && !(TOP.includes(room) && TOP.includes(other)));
    const wrong = others.filter((other) => layerOf(other) <= layerOf(room));
    expect(wrong).toEqual([]);
  });

  it.each(files)('%s has at most 300 lines', (file) => {
    expect(sourceOf(file).trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });
});

it('lib/ itself has at most ten files', () => {
  expect(files.filter((file) => !file.includes('/')).length).toBeLessThanOrEqual(MAX_FILES);
});

/** A faked time moves with the sessions only where it is this module's. */
const SYSTEM_TIME = [
  'session.clock.ts',
  // How long a call takes.
  'backends/store-calls.ts',
  // What an application's own `Expires` says.
  'http/response-headers.ts',
];

it('the clock of the module alone says by which time sessions live', () => {
  const others = files.filter((file) => /\bDate\.now\(|\bnew Date\(\)/.test(sourceOf(file)));
  expect(others.filter((file) => !file.startsWith('testing/stores/')).sort()).toEqual(
    SYSTEM_TIME.sort(),
  );
});
