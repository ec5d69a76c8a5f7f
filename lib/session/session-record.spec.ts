import fc from 'fast-check';
import { formatRecord, parseRecord } from './session-record.js';

const record = fc.record({
  id: fc.stringMatching(/^[\w-]{24}$/),
  createdAt: fc.nat({ max: 4_000_000_000_000 }),
  sentAt: fc.nat({ max: 4_000_000_000_000 }),
  expiresAt: fc.nat({ max: 4_000_000_000_000 }),
  texts: fc
    .array(fc.tuple(fc.string({ unit: 'binary' }), fc.json()))
    .map((entries) => new Map(entries)),
});

describe('the text of a session', () => {
  it('is read as what was written, whatever the keys are', () => {
    fc.assert(
      fc.property(record, (original) => {
        expect(parseRecord(formatRecord(original))).toEqual(original);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps keys that look like its own syntax', () => {
    const texts = new Map(
      ['', '"', '\\', '\\"', '":', '\n', '\u2028', '__proto__', '["', 'a":1'].map((key, i) => [
        key,
        String(i),
      ]),
    );
    const original = { id: 'id', createdAt: 1, sentAt: 2, expiresAt: 3, texts };
    expect(parseRecord(formatRecord(original))).toEqual(original);
  });

  it('keeps the cookie options that a session has of its own', () => {
    const cookie = { maxAge: 7_776_000, sameSite: 'strict' as const };
    const original = { id: 'id', createdAt: 1, sentAt: 2, expiresAt: 3, cookie, texts: new Map() };
    expect(parseRecord(formatRecord(original))).toEqual(original);
  });

  it('is a line of metadata and a line for each key', () => {
    const texts = new Map([
      ['user', '{"name":"peter"}'],
      ['_flash', '["welcome!"]'],
    ]);
    expect(formatRecord({ id: 'id', createdAt: 1000, sentAt: 1000, expiresAt: 3000, texts })).toBe(
      '["id",1000,1000,3000]\n"user":{"name":"peter"}\n"_flash":["welcome!"]',
    );
  });
});

describe('a text of another form', () => {
  it.each([
    '',
    'null',
    '{}',
    '[]',
    '["id"]',
    '["id",1,2,"3"]',
    '["id",1,2,1.5]',
    '[1,1,2,3]',
    'text',
    '["id",1,2,3]\n"a\\',
  ])('is none: %j', (text) => {
    expect(parseRecord(text)).toBeUndefined();
  });

  it('never makes it throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.array(fc.json()).map(String)), (text) => {
        expect(() => parseRecord(text)).not.toThrow();
        expect(() => parseRecord(`["id",1,2,3]\n${text}`)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
