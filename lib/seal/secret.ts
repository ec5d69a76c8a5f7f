import { createHmac, hkdfSync, scryptSync } from 'node:crypto';
import { KEY_BYTES } from './xaes-256-gcm.js';

/** Fewer bytes than the key has cannot hold its entropy (OWASP ASVS 5.0, 11.2.3). */
export const MIN_SECRET_BYTES = 32;

/**
 * Secrets that stand in documentations and templates, so in every attacker's list. Compared
 * without case and punctuation.
 */
const PLACEHOLDERS = new Set(
  [
    'secret',
    'secret key',
    'my secret',
    'your secret',
    'your secret key',
    'your secret here',
    'session secret',
    'keyboard cat',
    'change me',
    'change this secret',
    'super secret',
    'supersecret key',
    'top secret',
    'shhh',
    'shhhh its a secret',
    'cats',
    'password',
    'complex password at least 32 characters long',
    'a secret with minimum length of 32 characters',
    'averylogphrasebiggerthanthirtytwochars',
    'your super secret key that is at least 32 characters long',
  ].map(folded),
);

/** Random bytes of this length have many more, in whatever alphabet they are written. */
const MIN_DIFFERENT_BYTES = 8;

/** @returns what makes a secret weak; `undefined` where it is not */
export function weaknessOf(secret: string | Buffer): string | undefined {
  const bytes = Buffer.from(secret as string);
  if (isPlaceholder(secret.toString())) return 'a well-known placeholder';
  if (bytes.length < MIN_SECRET_BYTES) return `too short (${bytes.length} bytes)`;
  const period = periodOf(bytes);
  if (period !== undefined) return `a repetition of ${period} bytes`;
  const different = new Set(bytes).size;
  return different < MIN_DIFFERENT_BYTES ? `made of ${different} different bytes` : undefined;
}

/** Whether a secret is one that everybody knows, once or over and over. */
function isPlaceholder(secret: string): boolean {
  const text = folded(secret);
  if (PLACEHOLDERS.has(text)) return true;
  for (let end = 1; end <= text.length / 2 && end < MIN_SECRET_BYTES; end++) {
    const part = text.slice(0, end);
    if (PLACEHOLDERS.has(part) && text.replaceAll(part, '') === '') return true;
  }
  return false;
}

/** After how many bytes, fewer than a secret must have, a secret repeats itself. */
function periodOf(bytes: Buffer): number | undefined {
  const { length } = bytes;
  for (let period = 1; period < MIN_SECRET_BYTES && period <= length / 2; period++) {
    if (bytes.subarray(period).equals(bytes.subarray(0, length - period))) return period;
  }
  return undefined;
}

function folded(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** A salt of its own for this module; it cannot be random, since every instance must derive alike. */
const STRETCH_SALT = 'nestjs-typed-session stretched secret';

/** About 40 ms, once at boot. */
const STRETCH_COST = { N: 2 ** 14, r: 8, p: 1 };

/** What one secret is used for: each use has a key of its own, so that none can stand in for another. */
export interface DerivedKeys {
  readonly seal: Buffer;
  readonly keyId: Buffer;
  readonly events: Buffer;
}

/**
 * HKDF-SHA256 (RFC 5869) of a secret of 32 bytes or more. A weak one is stretched first (scrypt), which makes guessing dearer and does not make it a good secret.
 */
export function deriveKeys(secret: string | Buffer): DerivedKeys {
  const bytes = Buffer.from(secret as string);
  const material =
    weaknessOf(secret) === undefined
      ? bytes
      : scryptSync(bytes, STRETCH_SALT, KEY_BYTES, STRETCH_COST);
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', material, '', `nestjs-typed-session/1/${use}`, KEY_BYTES));
  return { seal: derive('seal'), keyId: derive('key-id'), events: derive('events') };
}

/** A keyed hash that tells two ids apart without telling either. */
export function keyedHash(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22);
}

/** A keyed hash in full, 43 characters: 256 bits, so that no two texts share one. */
export function hashOf(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
