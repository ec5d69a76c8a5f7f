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

/** Whether a secret is one that everybody knows. */
export function isPlaceholder(secret: string | Buffer): boolean {
  return PLACEHOLDERS.has(folded(secret.toString()));
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
 * HKDF-SHA256 (RFC 5869) of a secret of 32 bytes or more. A shorter one, or a placeholder, is
 * stretched first (scrypt), which makes guessing dearer and does not make it a good secret.
 */
export function deriveKeys(secret: string | Buffer): DerivedKeys {
  const bytes = Buffer.from(secret as string);
  const material =
    bytes.length >= MIN_SECRET_BYTES && !isPlaceholder(secret)
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
