import * as crypto from 'node:crypto';
import { wrong, type AdopterOptions } from './adopter-options.js';
import { adopterOf, decodedCookie, valuesInJson } from './adopter.js';
import { loadPeer } from './peer.js';
import type { SessionAdopter } from '../options/session-adopter.js';
import { currentTime } from '../session.clock.js';

type SecretboxKey = string | Uint8Array;

/** Options of `fromSecureSession`: what the old application gave @fastify/secure-session. */
export interface SecureSessionAdopterOptions extends AdopterOptions {
  /** The old application's `cookieName`, or its `sessionName`. Default `session`, as there. */
  readonly name?: string;
  /** The key of the old application (text is base64), or its list of keys. */
  readonly key?: SecretboxKey | readonly SecretboxKey[];
  /** Its secret, from which a key is derived at boot; some seconds before Node 24.7. */
  readonly secret?: string | Uint8Array;
  /** The salt beside the secret, of 16 bytes; text is ASCII. Default the one built in there. */
  readonly salt?: string | Uint8Array;
  /** How long a session is good for, in seconds. Default 86401, as there. */
  readonly expiry?: number;
}

/** What is used of @noble/ciphers. */
interface Salsa {
  readonly secretbox: (
    key: Uint8Array,
    nonce: Uint8Array,
  ) => { open(ciphertext: Uint8Array): Uint8Array };
}

const KEY_BYTES = 32;
const NONCE_BYTES = 24;
const MAC_BYTES = 16;
const SALT_BYTES = 16;

/** The salt of @fastify/secure-session where it is given none. */
const DEFAULT_SALT = Buffer.from('mq9hDxBVDbspDR6nLfFT1g==', 'base64');

/** As there: it is compared in seconds with the time at which a value was last set. */
const DEFAULT_EXPIRY_SECONDS = 86401;

/** libsodium's Argon2id with `OPSLIMIT_MODERATE` and `MEMLIMIT_MODERATE`. */
const ARGON2 = { passes: 3, memoryKiB: 256 * 1024, parallelism: 1 };

/**
 * Opens the sessions of @fastify/secure-session.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromSecureSession(options: SecureSessionAdopterOptions): SessionAdopter {
  const title = 'fromSecureSession';
  const { name = 'session', expiry = DEFAULT_EXPIRY_SECONDS } = options;
  if (!Number.isFinite(expiry)) throw wrong(title, 'expiry has to be seconds');
  const given = options.key === undefined ? undefined : keysOf(title, options.key);
  const source = given === undefined ? secretOf(title, options) : undefined;
  let keys = given ?? [];
  let salsa: Salsa;
  return adopterOf(options, {
    title,
    library: '@fastify/secure-session',
    name,
    async prepare() {
      salsa = await loadPeer<Salsa>('@noble/ciphers/salsa.js', title);
      if (source !== undefined) keys = [await derived(title, source.secret, source.salt)];
    },
    open(text) {
      const [boxText, nonceText] = decodedCookie(text).split(';');
      if (nonceText === undefined) return undefined;
      const box = Buffer.from(boxText, 'base64');
      const nonce = Buffer.from(nonceText, 'base64');
      if (box.length < MAC_BYTES || nonce.length !== NONCE_BYTES) return undefined;
      const message = opened(salsa, keys, nonce, box);
      const stored = message && valuesInJson(Buffer.from(message).toString());
      if (!stored) return undefined;
      const { __ts: setAt, ...values } = stored;
      const isAlive = typeof setAt === 'number' && (setAt + expiry) * 1000 > currentTime();
      // Not the text: base64 has several for the same bytes.
      return isAlive ? { values, identity: box.toString('base64') } : undefined;
    },
  });
}

function opened(
  { secretbox }: Salsa,
  keys: readonly Uint8Array[],
  nonce: Uint8Array,
  box: Uint8Array,
): Uint8Array | undefined {
  for (const key of keys) {
    try {
      return secretbox(key, nonce).open(box);
    } catch {
      // It was sealed with another key, or tampered with.
    }
  }
  return undefined;
}

function keysOf(title: string, given: SecretboxKey | readonly SecretboxKey[]): Uint8Array[] {
  const keys = (Array.isArray(given) ? given : [given]).map((key: unknown) =>
    typeof key === 'string' ? Buffer.from(key, 'base64') : key,
  );
  const areKeys = keys.every((key) => key instanceof Uint8Array && key.length === KEY_BYTES);
  if (keys.length === 0 || !areKeys) {
    throw wrong(title, `key has to be ${KEY_BYTES} bytes, or base64 of so many, or a list of such`);
  }
  return keys as Uint8Array[];
}

function secretOf(title: string, { secret, salt = DEFAULT_SALT }: SecureSessionAdopterOptions) {
  if (secret === undefined || Buffer.from(secret as string).length < KEY_BYTES) {
    throw wrong(title, `key is missing, or a secret of ${KEY_BYTES} bytes or more`);
  }
  const saltBytes = typeof salt === 'string' ? Buffer.from(salt, 'ascii') : salt;
  if (saltBytes.length !== SALT_BYTES) throw wrong(title, `salt has to be ${SALT_BYTES} bytes`);
  return { secret: Buffer.from(secret as string), salt: saltBytes };
}

/** The key that libsodium's `crypto_pwhash` makes of a secret: by Node where it can. */
async function derived(title: string, secret: Uint8Array, salt: Uint8Array): Promise<Uint8Array> {
  const { passes, memoryKiB, parallelism } = ARGON2;
  const { argon2 } = crypto as unknown as { argon2?: NodeArgon2 };
  if (argon2 !== undefined) {
    const parameters = { message: secret, nonce: salt, passes, parallelism };
    return new Promise((resolve, reject) => {
      argon2(
        'argon2id',
        { ...parameters, memory: memoryKiB, tagLength: KEY_BYTES },
        (error, key) => (error ? reject(error) : resolve(key)),
      );
    });
  }
  const { argon2idAsync } = await loadPeer<NobleArgon2>('@noble/hashes/argon2.js', title);
  return argon2idAsync(secret, salt, { t: passes, m: memoryKiB, p: parallelism, dkLen: KEY_BYTES });
}

/** `crypto.argon2`, there from Node 24.7 on. */
type NodeArgon2 = (
  algorithm: 'argon2id',
  parameters: object,
  done: (error: Error | null, key: Uint8Array) => void,
) => void;

interface NobleArgon2 {
  readonly argon2idAsync: (
    secret: Uint8Array,
    salt: Uint8Array,
    options: { t: number; m: number; p: number; dkLen: number },
  ) => Promise<Uint8Array>;
}
