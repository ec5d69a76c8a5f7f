import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Keyring, sealedLength } from './keyring.js';
import { Xaes256Gcm } from './xaes-256-gcm.js';

const NEW = 'the newest secret, with thirty-two bytes and more';
const OLD = 'an older secret, also with thirty-two bytes and more';
const CONTEXT = 'session\0app';

const ring = new Keyring([NEW], CONTEXT);

/** Every token that differs from this one by a single bit. */
function* bitFlips(token: string): Generator<string> {
  for (let i = 0; i < token.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = String.fromCharCode(token.charCodeAt(i) ^ (1 << bit));
      yield token.slice(0, i) + flipped + token.slice(i + 1);
    }
  }
}

describe('a token', () => {
  it('opens to the text that was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        expect(ring.open(ring.seal(text))).toEqual({ text, outdated: false });
      }),
    );
  });

  it('has the length that was foretold, in characters that a cookie can carry', () => {
    for (const bytes of [0, 1, 2, 3, 100, 1024, 3013]) {
      const token = ring.seal('x'.repeat(bytes));
      expect(token).toHaveLength(sealedLength(bytes));
      expect(encodeURIComponent(token)).toBe(token);
    }
  });

  it('is small: 1,423 characters for 1 KB, 4,075 for 3,013 bytes', () => {
    expect(sealedLength(1024)).toBe(1423);
    expect(sealedLength(3013)).toBe(4075);
  });

  it('statement 11: never comes twice, and no nonce does', () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 10_000; i++) nonces.add(ring.seal('same').slice(4, 36));
    expect(nonces.size).toBe(10_000);
  });

  it('shows nothing of the text', () => {
    const token = ring.seal('a value to be found');
    for (const encoding of ['base64', 'base64url', 'latin1'] as const) {
      expect(Buffer.from(token, encoding).toString('latin1')).not.toContain('value');
    }
  });
});

describe('a damaged token', () => {
  it('statement 6: does not open with any single bit flipped', () => {
    for (const length of [10, 11, 12]) {
      for (const flipped of bitFlips(ring.seal('x'.repeat(length)))) {
        expect(ring.open(flipped)).toHaveProperty('rejected');
      }
    }
  });

  it('does not open cut, doubled, or with anything put in', () => {
    const token = ring.seal('some text');
    for (let i = 0; i < token.length; i++) {
      expect(ring.open(token.slice(0, i))).toHaveProperty('rejected');
      for (const foreign of ['=', ' ', '.', '+', '/', '%', '\n', '\0', 'é', 'A', '-']) {
        expect(ring.open(token.slice(0, i) + foreign + token.slice(i))).toHaveProperty('rejected');
      }
    }
    expect(ring.open(token + token)).toHaveProperty('rejected');
    expect(ring.open(`${token}=`)).toHaveProperty('rejected');
  });

  it('never throws and never opens, whatever it is', () => {
    const token = ring.seal('some text');
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.base64String({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }).map((tail) => token.slice(0, 4) + tail),
      fc.base64String({ minLength: 56, maxLength: 200 }).map((tail) => token.slice(0, 4) + tail),
    );
    fc.assert(
      fc.property(anything, (damaged) => {
        expect(ring.open(damaged)).toHaveProperty('rejected');
      }),
      { numRuns: 5000 },
    );
  });

  it('says what is wrong with it', () => {
    const token = ring.seal('some text');
    expect(ring.open('')).toEqual({ rejected: 'malformed' });
    expect(ring.open(`2${token.slice(1)}`)).toEqual({ rejected: 'unknown-version' });
    expect(ring.open(`1~~~${token.slice(4)}`)).toEqual({ rejected: 'unknown-key' });
    expect(ring.open(`${token.slice(0, 20)}%${token.slice(21)}`)).toEqual({
      rejected: 'malformed',
    });
    const other = token[20] === 'A' ? 'B' : 'A';
    expect(ring.open(token.slice(0, 20) + other + token.slice(21))).toEqual({
      rejected: 'bad-seal',
    });
  });
});

describe('a keyring', () => {
  it('opens what an older key sealed, and says that it is outdated', () => {
    const token = new Keyring([OLD], CONTEXT).seal('text');
    expect(new Keyring([NEW, OLD], CONTEXT).open(token)).toEqual({ text: 'text', outdated: true });
    expect(new Keyring([OLD, NEW], CONTEXT).open(token)).toEqual({ text: 'text', outdated: false });
  });

  it('opens nothing that a removed key sealed', () => {
    const token = new Keyring([OLD], CONTEXT).seal('text');
    expect(new Keyring([NEW], CONTEXT).open(token)).toEqual({ rejected: 'unknown-key' });
  });

  it('statement 12: does not open with another key than the one that the token names', () => {
    const rotated = new Keyring([NEW, OLD], CONTEXT);
    const [newest, older] = [rotated.seal('text'), new Keyring([OLD], CONTEXT).seal('text')];
    expect(rotated.open(older.slice(0, 4) + newest.slice(4))).toEqual({ rejected: 'bad-seal' });
  });

  it('statement 10: does not open what was sealed for another context', () => {
    const token = new Keyring([NEW], 'session\0admin').seal('text');
    expect(ring.open(token)).toEqual({ rejected: 'bad-seal' });
    expect(ring.open(new Keyring([NEW], 'csrf\0app').seal('text'))).toEqual({
      rejected: 'bad-seal',
    });
  });

  it('takes a secret as text or as the same bytes', () => {
    const token = new Keyring([Buffer.from(NEW)], CONTEXT).seal('text');
    expect(ring.open(token)).toEqual({ text: 'text', outdated: false });
  });

  it('stretches a short secret to one key, always the same', () => {
    const token = new Keyring(['short'], CONTEXT).seal('text');
    expect(new Keyring(['short'], CONTEXT).open(token)).toMatchObject({ text: 'text' });
    expect(new Keyring(['shorT'], CONTEXT).open(token)).toHaveProperty('rejected');
  });

  it('hashes ids by a key of its own', () => {
    expect(ring.hash('id')).toBe(new Keyring([NEW], CONTEXT).hash('id'));
    expect(ring.hash('id')).not.toBe(ring.hash('ie'));
    expect(ring.hash('id')).not.toBe(new Keyring([OLD], CONTEXT).hash('id'));
  });
});

describe('statement 14: the time that a rejection takes', () => {
  it('does not tell where the first wrong byte is: each does the same work', () => {
    const token = ring.seal('x'.repeat(1000));
    const broken = (at: number) =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const decrypt = jest.spyOn(Xaes256Gcm.prototype, 'decrypt');
    // In the nonce, in the text and in the tag; Node compares the tag, in constant time.
    for (const at of [4, 35, 60, 700, token.length - 20, token.length - 5]) {
      decrypt.mockClear();
      expect(ring.open(broken(at))).toEqual({ rejected: 'bad-seal' });
      const sizes = decrypt.mock.calls.map((parts) => parts.map(({ length }) => length));
      expect(sizes).toEqual([[24, 1000, 16, expect.any(Number)]]);
    }
    decrypt.mockRestore();
  });
});
