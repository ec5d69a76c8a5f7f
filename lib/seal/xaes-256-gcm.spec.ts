import { createHash } from 'node:crypto';
import { Xaes256Gcm } from './xaes-256-gcm.js';

const NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
const PLAINTEXT = Buffer.from('XAES-256-GCM');

function sealed(key: number, aad: string): string {
  const cipher = new Xaes256Gcm(Buffer.alloc(32, key));
  return Buffer.concat(cipher.encrypt(NONCE, PLAINTEXT, Buffer.from(aad))).toString('hex');
}

/** SHAKE-128 of nothing, as an endless source of bytes. */
function shake128(bytes: number): (size: number) => Buffer {
  const stream = createHash('shake128', { outputLength: bytes }).digest();
  let at = 0;
  return (size) => stream.subarray(at, (at += size));
}

describe('XAES-256-GCM, by the vectors of its specification', () => {
  it('seals the first vector (the top bit of L is clear)', () => {
    expect(sealed(1, '')).toBe('ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271');
  });

  it('seals the second vector (the top bit of L is set, with associated data)', () => {
    expect(sealed(3, 'c2sp.org/XAES-256-GCM')).toBe(
      '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    );
  });

  it('seals and opens the 10,000 accumulated vectors', () => {
    const take = shake128(10_000 * (32 + 24 + 2 + 2 * 255));
    const all = createHash('shake128', { outputLength: 32 });
    let opened = 0;
    for (let i = 0; i < 10_000; i++) {
      const cipher = new Xaes256Gcm(take(32));
      const nonce = take(24);
      const plaintext = take(take(1)[0]);
      const aad = take(take(1)[0]);
      const [ciphertext, tag] = cipher.encrypt(nonce, plaintext, aad);
      all.update(ciphertext).update(tag);
      if (cipher.decrypt(nonce, ciphertext, tag, aad)?.equals(plaintext)) opened++;
    }
    expect(opened).toBe(10_000);
    expect(all.digest('hex')).toBe(
      'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939',
    );
  });

  it('derives each key from its own nonce, in whatever order the calls come', () => {
    const cipher = new Xaes256Gcm(Buffer.alloc(32, 1));
    const aad = Buffer.from('');
    const other = Buffer.from('xwvutsrqponmlkjihgfedcba');
    const first = Buffer.concat(cipher.encrypt(NONCE, PLAINTEXT, aad));
    const between = Buffer.concat(cipher.encrypt(other, PLAINTEXT, aad));
    expect(Buffer.concat(cipher.encrypt(NONCE, PLAINTEXT, aad))).toEqual(first);
    expect(between).not.toEqual(first);
  });
});
