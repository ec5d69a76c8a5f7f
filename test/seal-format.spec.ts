/**
 * The seal as `lib/values/FORMAT.md` tells it, from the platform's primitives alone: what another
 * language would do to read a session.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FORM = fileURLToPath(new URL('stored-forms/0.1.0.json', import.meta.url));

interface StoredForm {
  secret: string;
  name: string;
  cookie: string;
  record: string[];
  inStore: { cookie: string; key: string; entry: { text: string } };
}

const { secret, name, cookie, record, inStore } = JSON.parse(
  readFileSync(FORM, 'utf8'),
) as StoredForm;

const derived = (use: string) =>
  Buffer.from(hkdfSync('sha256', secret, '', `nestjs-typed-session/1/${use}`, 32));

function aes(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

/** The key and the nonce of AES-256-GCM that XAES-256-GCM makes of its own. */
function gcmKeyOf(key: Buffer, nonce: Buffer): Buffer {
  const l = aes(key, Buffer.alloc(16));
  const doubled = (BigInt(`0x${l.toString('hex')}`) << 1n) & ((1n << 128n) - 1n);
  const reduced = l[0] & 0x80 ? doubled ^ 0x87n : doubled;
  const k1 = Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex');
  const half = (counter: number) => {
    const block = Buffer.concat([Buffer.from([0, counter, 0x58, 0]), nonce.subarray(0, 12)]);
    return aes(key, Buffer.from(block.map((byte, i) => byte ^ k1[i])));
  };
  return Buffer.concat([half(1), half(2)]);
}

function opened(token: string, purpose: string): string {
  const sealed = Buffer.from(token.slice(4), 'base64url');
  const nonce = sealed.subarray(0, 24);
  const decipher = createDecipheriv(
    'aes-256-gcm',
    gcmKeyOf(derived('seal'), nonce),
    nonce.subarray(12),
  );
  decipher.setAAD(Buffer.from(`${token.slice(0, 4)}${purpose}\0${name}`));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(24, -16)), decipher.final()]).toString();
}

describe('the seal, as it is written down', () => {
  it('opens a cookie', () => {
    expect(opened(cookie, 'session').split('\n')).toEqual(record);
  });

  it('tells which key it was, by the first characters', () => {
    const keyId = createHmac('sha256', derived('key-id')).digest('base64url').slice(0, 3);
    expect(cookie.slice(0, 4)).toBe(`1${keyId}`);
  });

  it('opens what lies in a store, where the cookie leads to', () => {
    const id = opened(inStore.cookie, 'session id');
    const key = createHmac('sha256', `nestjs-typed-session/1/store/${name}`).update(id);
    expect(key.digest('base64url')).toBe(inStore.key);
    const [head] = opened(inStore.entry.text, 'session record').split('\n');
    expect((JSON.parse(head) as unknown[])[0]).toBe(inStore.key);
  });
});
