import assert from 'node:assert/strict';
import { describe, it } from './globals.js';
import type { OpenSubject } from './store-suite.js';
import { newKey, newSession } from './sessions.js';

const TEXTS: Record<string, string> = {
  'no characters': '',
  'lines of JSON': '{"id":"x","n":1}\n["a","b"]\n',
  'JSON of a session': JSON.stringify(newSession()),
  'what is JSON for nothing': 'null',
  'only digits': '0012345678901234567890',
  'what looks like a marked buffer': ':base64:AAECAw==',
  'every ASCII character': String.fromCharCode(...Array.from({ length: 128 }).keys()),
  'NUL at both ends': '\u0000a\u0000',
  'quotes and placeholders': `'"\\\`; DROP TABLE session; -- $1 ? %s {} \${x}`,
  'spaces and line breaks at both ends': ' \r\n\t x \t\r\n ',
  'characters of one to four bytes': 'aéß€漢字😀𝕏\u2028\ufeff\uffff',
  'a mebibyte': 'abc\u00e9'.repeat(2 ** 20 / 4).slice(0, 2 ** 20),
};

/** Each is of 16 characters. Two pairs are equal as numbers, and one in a comparison without case. */
const VERSIONS = [
  '0000000000000001',
  '00000000000001.0',
  '1e00000000000001',
  '0000000000000010',
  'abcdefghijklmnop',
  'ABCDEFGHIJKLMNOP',
  'undefined_______',
  '-_-_-_-_-_-_-_-_',
];

/** Text is opaque to a store, and so is a version. */
export function describeTexts(open: OpenSubject): void {
  describe('a text', () => {
    for (const [name, text] of Object.entries(TEXTS)) {
      it(`comes back as it was: ${name}`, async () => {
        const { store } = await open();
        const [key, session] = [newKey(), newSession({ text })];
        assert.equal(await store.write(key, session, undefined), true);
        // Compared by itself: a failure need not print a mebibyte.
        const read = await store.read(key);
        assert.ok(read?.text === text);
        assert.equal(read.version, session.version);
        assert.equal(read.expiresAt, session.expiresAt);
        assert.equal(await store.write(key, newSession({ text: '-' }), session.version), true);
        assert.equal((await store.read(key))?.text, '-');
      });
    }
  });

  describe('a version', () => {
    for (const version of VERSIONS) {
      it(`is compared character by character: ${version}`, async () => {
        const { store } = await open();
        const [key, session] = [newKey(), newSession({ version })];
        await store.write(key, session, undefined);
        for (const another of VERSIONS.filter((one) => one !== version)) {
          assert.equal(await store.write(key, newSession(), another), false);
          assert.equal(await store.remove(key, another), false);
        }
        assert.deepEqual(await store.read(key), session);
        assert.equal(await store.remove(key, version), true);
      });
    }
  });
}
