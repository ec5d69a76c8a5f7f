/**
 * FORMAT.md, example by example. The classes of its blocks are declared by running the blocks; every
 * row of its tables is a text and the expression of its value.
 */
import 'reflect-metadata';
import { Type } from 'class-transformer';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import ts from 'typescript';
import { formatRecord, parseRecord } from '../session/session-record.js';
import { revive, serialize, UNKNOWN } from './serializer.js';
import { registerSessionType } from './type-registry.js';

const FORMAT = readFileSync(new URL('FORMAT.md', import.meta.url), 'utf8');

const blocks = (language: string): string[] =>
  [...FORMAT.matchAll(new RegExp(`^( *)\`\`\`${language}\n(.*?)\n *\`\`\``, 'gms'))].map(
    ([, indent, code]) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

/** The rows of the tables, as they stand below a text. */
function rowsBelow(start: string): [text: string, expression: string][] {
  const text = FORMAT.slice(FORMAT.indexOf(start));
  expect(text).toContain(start);
  const [table] = /(?:^\|.*\n)+/m.exec(text)!;
  return [...table.matchAll(/^\| `(.+?)`\s*\| `(.+?)`\s*\|$/gm)].map(([, ...row]) => [
    row[0],
    row[1],
  ]);
}

const CLASSES = 'Address, User, Money, Cart';

/** Evaluates expressions where the blocks have declared their classes. */
const evaluate: (expression: string) => unknown = (() => {
  const code = ts.transpile(blocks('ts').join('\n'), {
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
  });
  // oxlint-disable-next-line no-implied-eval -- what it runs is in this repository
  const classes = new Function('Type', 'registerSessionType', `${code}; return { ${CLASSES} };`);
  const declared: unknown = classes(Type, registerSessionType);
  return (expression) =>
    // oxlint-disable-next-line no-implied-eval
    new Function('declared', `const { ${CLASSES} } = declared; return (${expression});`)(declared);
})();

describe('the tables of FORMAT.md', () => {
  const written = [
    ...rowsBelow('## A value'),
    ...rowsBelow('### Classes'),
    ...rowsBelow('### Versions'),
  ];
  const read = rowsBelow('Read, and not written by this build:');

  it('have their rows', () => {
    expect([written.length, read.length]).toEqual([25, 4]);
    expect(blocks('ts')).toHaveLength(2);
  });

  it.each([...written, ...read])('say what is read: %s', (text, expression) => {
    const value = evaluate(expression);
    // `inspect` tells -0 from 0, and knows an invalid date when it sees one.
    expect(inspect(revive(text), { depth: null })).toBe(inspect(value, { depth: null }));
    expect(inspect(revive(`[${text}]`), { depth: null })).toBe(inspect([value], { depth: null }));
  });

  it.each(written)('say what is written: %s', (text, expression) => {
    expect(serialize(evaluate(expression), 'values.x')).toBe(text);
  });

  it('name every tag of the platform', () => {
    const source = ['decoder.ts', 'encoder.ts', 'json-text.ts']
      .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
      .join('\n');
    const tags = new Set([...source.matchAll(/['"](\$\w*)['"]/g)].map(([, tag]) => tag));
    expect(tags.size).toBe(11);
    for (const tag of tags) expect(written.map(([text]) => text).join()).toContain(`{"${tag}":`);
  });
});

describe('the values that FORMAT.md says no reader knows', () => {
  it.each(blocks('unknown')[0].split('\n'))('are written back: %s', (text) => {
    expect(revive(text)).toBe(UNKNOWN);
    expect(serialize(revive(`{"a":[${text}]}`), 'values.x')).toBe(`{"a":[${text}]}`);
  });

  it('hold an object with the fields of a class, whatever they are called', () => {
    const user = revive('{"@user":{"$date":5}}') as Record<string, unknown>;
    expect(user.$date).toBe(5);
  });
});

describe('the record of FORMAT.md', () => {
  const [text] = blocks('record');

  it('is one', () => {
    const record = parseRecord(text)!;
    expect(record).toMatchObject({
      id: 'mYF3ZkqXbT0p9cRjv2sLwA8e',
      createdAt: Date.UTC(2026, 0, 1),
      sentAt: Date.UTC(2026, 0, 1, 0, 1),
      expiresAt: Date.UTC(2026, 0, 31, 0, 1),
      cookie: { maxAge: 7_776_000 },
    });
    expect([...record.texts.keys()]).toEqual(['user', '_flash']);
    expect(formatRecord(record)).toBe(text);
  });

  it('can be read by its description alone', () => {
    const [head, ...lines] = text.split('\n');
    expect(JSON.parse(head)[0]).toMatch(/^[\w-]{24}$/);
    const values = JSON.parse(`{${lines.join(',')}}`);
    expect(values).toEqual({
      user: { '@user': { name: 'Peter', age: 42 } },
      _flash: ['welcome!'],
    });
  });
});
