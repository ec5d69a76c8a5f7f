import { readFileSync, writeFileSync } from 'node:fs';

const README = new URL('../../README.md', import.meta.url);

/** Puts the result of a part between its markers in the README. */
export function writeResult(part: string, markdown: string): void {
  const text = readFileSync(README, 'utf8');
  const [begin, end] = [`<!-- ${part}: result -->`, `<!-- ${part}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no markers for ${part}`);
  const before = text.slice(0, from + begin.length);
  writeFileSync(README, `${before}\n\n${markdown}\n\n${text.slice(to)}`);
}
