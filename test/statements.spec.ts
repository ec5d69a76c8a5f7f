import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './support/readme.js';

const STATEMENTS = 84;

/** The statements whose numbers stand in the name of a test, as in `statements 16 and 18: …`. */
function named(): Set<number> {
  const files = ['lib', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'))
      .map((file) => join(ROOT, folder, file)),
  );
  const titles = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/['`]statements? ([\d, and]+):/g)].map(
      ([, list]) => list,
    ),
  );
  return new Set(titles.flatMap((list) => list.match(/\d+/g)!.map(Number)));
}

describe('each statement that a session module must withstand', () => {
  it('has a test that is named by its number', () => {
    const found = named();
    const all = Array.from({ length: STATEMENTS }, (_, i) => i + 1);
    expect(all.filter((number) => !found.has(number))).toEqual([]);
  });
});
