import { randomBytes } from './random.js';
import { deriveKeys, keyedHash } from './secret.js';
import { NONCE_BYTES, TAG_BYTES, Xaes256Gcm } from './xaes-256-gcm.js';

/** The first character of a token: the format of everything behind it. */
const VERSION = '1';
const KEY_ID_CHARS = 3;
const PREFIX_CHARS = VERSION.length + KEY_ID_CHARS;

/** Why a token does not open. */
export type RejectReason = 'malformed' | 'unknown-version' | 'unknown-key' | 'bad-seal';

export type Opened =
  /** `outdated`: sealed with an older key than the one that seals now. */
  { readonly text: string; readonly outdated: boolean } | { readonly rejected: RejectReason };

/**
 * The keys of the secrets, newest first: the first seals, all open.
 *
 * A token is `version ‖ key id ‖ base64url(nonce ‖ ciphertext ‖ tag)`. Version, key id and the
 * context (what the token is for, and whose) are authenticated with it, so none can be edited
 * or exchanged. The key id picks the key: there is no trying of one after the other, and no
 * falling back to another.
 */
export class Keyring {
  // Private to the language, so that no log shows a key.
  #keys: readonly SealingKey[] = [];
  #eventKey!: Buffer;
  readonly #context: string;

  /** @param secrets at least one, newest first; checked by the caller */
  constructor(secrets: readonly (string | Buffer)[], context: string) {
    this.#context = context;
    this.rotate(secrets);
  }

  /** Takes other secrets from now on. @param secrets as for the constructor */
  rotate(secrets: readonly (string | Buffer)[]): void {
    const derived = secrets.map(deriveKeys);
    const context = this.#context;
    this.#keys = derived.map(
      (keys) => new SealingKey(keys.seal, keyedHash(keys.keyId, ''), context),
    );
    this.#eventKey = derived[0].events;
  }

  /** @returns a token of `sealedLength(bytes of text)` characters, all of them safe in a cookie */
  seal(text: string): string {
    return this.#keys[0].seal(text);
  }

  /** Whether to open a token takes a decryption. */
  hasKeyOf(token: string): boolean {
    return (
      token.length >= sealedLength(0) && this.#keys.some(({ prefix }) => token.startsWith(prefix))
    );
  }

  /** Never throws, whatever the token is, and takes a time that its length bounds. */
  open(token: string): Opened {
    if (token.length < sealedLength(0)) return { rejected: 'malformed' };
    if (!token.startsWith(VERSION)) return { rejected: 'unknown-version' };
    // Two secrets share a key id once in 2^18: the ones that do are tried in turn.
    const keys = this.#keys.filter((key) => token.startsWith(key.prefix));
    if (keys.length === 0) return { rejected: 'unknown-key' };
    const sealed = fromBase64url(token.slice(PREFIX_CHARS));
    if (sealed === undefined) return { rejected: 'malformed' };
    for (const key of keys) {
      const text = key.open(sealed);
      if (text !== undefined) return { text, outdated: key !== this.#keys[0] };
    }
    return { rejected: 'bad-seal' };
  }

  /** Stands for a session id in events and logs: the same for the same id, and not the id. */
  hash(id: string): string {
    return keyedHash(this.#eventKey, id);
  }
}

/** How many characters the token of a text of so many bytes has. */
export function sealedLength(bytes: number): number {
  return PREFIX_CHARS + Math.ceil(((NONCE_BYTES + bytes + TAG_BYTES) * 4) / 3);
}

/** Its last characters, which hold the tag of the seal. */
export function tagOf(token: string): string {
  return token.slice(-Math.ceil((TAG_BYTES * 4) / 3));
}

/** A token, or a part of one, to be kept: as a slice of a header it would keep all of that in memory. */
export function copyOf(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}

/** One key of the ring, for one context. */
class SealingKey {
  readonly prefix: string;
  private readonly cipher: Xaes256Gcm;
  private readonly additionalData: Buffer;

  constructor(key: Buffer, keyId: string, context: string) {
    this.prefix = VERSION + keyId.slice(0, KEY_ID_CHARS);
    this.cipher = new Xaes256Gcm(key);
    // The prefix has a fixed length, so no two pairs of prefix and context read the same.
    this.additionalData = Buffer.from(this.prefix + context);
  }

  seal(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const [ciphertext, tag] = this.cipher.encrypt(nonce, text, this.additionalData);
    return this.prefix + Buffer.concat([nonce, ciphertext, tag]).toString('base64url');
  }

  open(sealed: Buffer): string | undefined {
    const tagAt = sealed.length - TAG_BYTES;
    return this.cipher
      .decrypt(
        sealed.subarray(0, NONCE_BYTES),
        sealed.subarray(NONCE_BYTES, tagAt),
        sealed.subarray(tagAt),
        this.additionalData,
      )
      ?.toString();
  }
}

/**
 * Strict where Node's decoder is lenient (it skips what it does not know, reads `+` and `/`
 * too, and drops the bits that fill up the last character): bytes have one spelling, so a
 * token with any bit changed is another token.
 */
function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== Math.floor((text.length * 3) / 4)) return undefined;
  if (text.includes('+') || text.includes('/')) return undefined;
  return FINAL_CHARACTERS[text.length % 4].includes(text.at(-1)!) ? bytes : undefined;
}

/** What the last character may be, by the length modulo 4: one whose unused bits are zero. */
const FINAL_CHARACTERS = [
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  '',
  'AQgw',
  'AEIMQUYcgkosw048',
];
