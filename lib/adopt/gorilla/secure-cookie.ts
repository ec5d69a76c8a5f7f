import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { wrong } from '../adopter-options.js';
import { currentTime } from '../../session.clock.js';

/** A key as an application has it: text is UTF-8, as `[]byte(secret)` in Go. */
export type GorillaKey = string | Uint8Array;

/** How an application was given its keys: one of each, or lists of the same length for rotation. */
export interface GorillaKeys {
  /** The authentication key, or a list of them, the newest first. */
  readonly hashKey: GorillaKey | readonly GorillaKey[];
  /**
   * The encryption key, 16, 24 or 32 bytes; beside a list of hash keys a list that has, at each
   * place, the one of that pair or `undefined`. Default none: Leapkit has none.
   */
  readonly blockKey?: GorillaKey | readonly (GorillaKey | undefined)[];
}

/** One pair, as `securecookie.New(hashKey, blockKey)` takes it. */
export interface KeyPair {
  readonly hashKey: Uint8Array;
  readonly blockKey: Uint8Array | undefined;
}

const BLOCK_BYTES = 16;
const MAC_BYTES = 32;
const CIPHER_OF_KEY_BYTES = new Map([16, 24, 32].map((n) => [n, `aes-${n * 8}-ctr`]));

/** base64url with padding, as Go's `base64.URLEncoding`. */
const BASE64 = /^[\w-]*={0,2}$/;

/** @throws SessionError `SESSION_CONFIG`, which never quotes a key */
export function keyPairs(title: string, { hashKey, blockKey }: GorillaKeys): readonly KeyPair[] {
  const hashKeys = (Array.isArray(hashKey) ? hashKey : [hashKey]) as readonly GorillaKey[];
  const blockKeys = (Array.isArray(blockKey) ? blockKey : [blockKey]) as readonly (
    GorillaKey | undefined
  )[];
  if (hashKeys.length === 0) throw wrong(title, 'hashKey is an empty list');
  if (blockKey !== undefined && blockKeys.length !== hashKeys.length) {
    throw wrong(
      title,
      'blockKey has to have as many places as hashKey, undefined where a pair has none',
    );
  }
  return hashKeys.map((key, index) => {
    const block = blockKeys[index];
    if (!isKey(key) || key.length === 0) throw wrong(title, 'hashKey has to be a key, not empty');
    if (block === undefined) return { hashKey: Buffer.from(key as string), blockKey: undefined };
    const bytes = isKey(block) ? Buffer.from(block as string) : undefined;
    if (bytes === undefined || !CIPHER_OF_KEY_BYTES.has(bytes.length)) {
      throw wrong(title, 'blockKey has to be 16, 24 or 32 bytes');
    }
    return { hashKey: Buffer.from(key as string), blockKey: bytes };
  });
}

function isKey(value: unknown): value is GorillaKey {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** What a cookie carries. */
export interface OpenedCookie {
  readonly payload: Buffer;
  /** What was authenticated: the same for all texts of the same cookie. */
  readonly identity: string;
}

/**
 * Opens a cookie of gorilla/securecookie: base64 of `date|value|mac`, the MAC over
 * `name|date|value`, the value base64 of what is sealed.
 *
 * @param maxAge in seconds; 0 for no limit
 * @returns `undefined` where no pair made it, or it is older than `maxAge`
 */
export function openCookie(
  name: string,
  text: string,
  pairs: readonly KeyPair[],
  maxAge: number,
): OpenedCookie | undefined {
  const bytes = fromBase64(text);
  const first = bytes?.indexOf('|') ?? -1;
  const second = bytes?.indexOf('|', first + 1) ?? -1;
  if (bytes === undefined || first === -1 || second === -1) return undefined;
  const mac = bytes.subarray(second + 1);
  const signed = bytes.subarray(0, second);
  const pair = pairs.find(({ hashKey }) => isMacOf(mac, name, signed, hashKey));
  if (pair === undefined || !isInTime(bytes.toString('latin1', 0, first), maxAge)) return undefined;
  const value = fromBase64(bytes.toString('latin1', first + 1, second));
  const payload = value && decrypted(value, pair.blockKey);
  return payload && { payload, identity: signed.toString('latin1') };
}

/** Writes such a cookie, by the first pair. */
export function sealCookie(name: string, payload: Uint8Array, [pair]: readonly KeyPair[]): string {
  const date = Math.floor(currentTime() / 1000);
  const signed = `${date}|${toBase64(encrypted(payload, pair.blockKey))}`;
  return toBase64(Buffer.concat([Buffer.from(`${signed}|`), macOf(name, signed, pair.hashKey)]));
}

function macOf(name: string, signed: Uint8Array | string, hashKey: Uint8Array): Buffer {
  return createHmac('sha256', hashKey).update(`${name}|`).update(signed).digest();
}

function isMacOf(mac: Buffer, name: string, signed: Buffer, hashKey: Uint8Array): boolean {
  return mac.length === MAC_BYTES && timingSafeEqual(mac, macOf(name, signed, hashKey));
}

function isInTime(date: string, maxAge: number): boolean {
  if (!/^[+-]?\d{1,15}$/.test(date)) return false;
  return maxAge === 0 || Number(date) >= Math.floor(currentTime() / 1000) - maxAge;
}

/** AES in counter mode behind a random initialization vector of one block. */
function encrypted(value: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  if (key === undefined) return value;
  const iv = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv(CIPHER_OF_KEY_BYTES.get(key.length)!, key, iv);
  return Buffer.concat([iv, cipher.update(value), cipher.final()]);
}

function decrypted(value: Buffer, key: Uint8Array | undefined): Buffer | undefined {
  if (key === undefined) return value;
  if (value.length <= BLOCK_BYTES) return undefined;
  const iv = value.subarray(0, BLOCK_BYTES);
  const decipher = createDecipheriv(CIPHER_OF_KEY_BYTES.get(key.length)!, key, iv);
  return Buffer.concat([decipher.update(value.subarray(BLOCK_BYTES)), decipher.final()]);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function fromBase64(text: string): Buffer | undefined {
  return BASE64.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64url') : undefined;
}
