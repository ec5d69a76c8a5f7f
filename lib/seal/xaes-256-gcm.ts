/**
 * XAES-256-GCM as specified by C2SP (https://c2sp.org/XAES-256-GCM): AES-256-GCM with a
 * 192-bit nonce, whose first half derives a key for the message and whose second half is the
 * nonce under it. Random nonces are safe for 2^80 messages, where plain AES-GCM allows 2^32.
 *
 * The notation is the specification's: K key, N nonce, L and K1 from CMAC's subkey derivation,
 * Kx the derived key, Nx its nonce.
 */
import { type Cipher, createCipheriv, createDecipheriv } from 'node:crypto';

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

const BLOCK_BYTES = 16;
const HALF_NONCE_BYTES = 12;
const GCM = { authTagLength: TAG_BYTES };

export class Xaes256Gcm {
  /** AES-256 on single blocks. ECB keeps no state between blocks, so one object serves for ever. */
  private readonly aes: Cipher;
  private readonly k1: Buffer;
  /** M1 ‖ M2, the two blocks that derive a message's key. Reused: nothing here is asynchronous. */
  private readonly blocks = Buffer.alloc(2 * BLOCK_BYTES);

  /** @param key K, 32 bytes */
  constructor(key: Buffer) {
    this.aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    this.k1 = doubled(this.aes.update(Buffer.alloc(BLOCK_BYTES)));
  }

  /**
   * @param plaintext a string is taken as UTF-8: to encode it here saves a copy
   * @returns the ciphertext and its tag
   */
  encrypt(nonce: Buffer, plaintext: Buffer | string, additionalData: Buffer): [Buffer, Buffer] {
    const cipher = createCipheriv('aes-256-gcm', this.deriveKey(nonce), messageNonce(nonce), GCM);
    cipher.setAAD(additionalData);
    const ciphertext =
      typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
    // GCM is a stream mode: final() adds no bytes, it computes the tag.
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  }

  /** @returns the plaintext, or `undefined` if the tag does not fit: nothing of it is released then */
  decrypt(
    nonce: Buffer,
    ciphertext: Buffer,
    tag: Buffer,
    additionalData: Buffer,
  ): Buffer | undefined {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.deriveKey(nonce),
      messageNonce(nonce),
      GCM,
    );
    decipher.setAAD(additionalData);
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plaintext;
  }

  /** Kx = AES(K, M1 ⊕ K1) ‖ AES(K, M2 ⊕ K1), with Mi = 00 ‖ i ‖ 'X' ‖ 00 ‖ N[0..12). */
  private deriveKey(nonce: Buffer): Buffer {
    const { blocks, k1 } = this;
    for (let i = 0; i < HALF_NONCE_BYTES; i++) {
      const byte = nonce[i] ^ k1[4 + i];
      blocks[4 + i] = byte;
      blocks[BLOCK_BYTES + 4 + i] = byte;
    }
    blocks[0] = blocks[BLOCK_BYTES] = k1[0]!;
    blocks[1] = 1 ^ k1[1];
    blocks[BLOCK_BYTES + 1] = 2 ^ k1[1];
    blocks[2] = blocks[BLOCK_BYTES + 2] = 0x58 ^ k1[2];
    blocks[3] = blocks[BLOCK_BYTES + 3] = k1[3]!;
    return this.aes.update(blocks);
  }
}

/** Nx = N[12..24) */
function messageNonce(nonce: Buffer): Buffer {
  return nonce.subarray(HALF_NONCE_BYTES, NONCE_BYTES);
}

/** K1 = L << 1, XOR 0x87 in the last byte where the top bit of L was set (doubling in GF(2^128)). */
function doubled(l: Buffer): Buffer {
  const k1 = Buffer.alloc(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) {
    k1[i] = (l[i] << 1) | ((l[i + 1] ?? 0) >> 7);
  }
  k1[BLOCK_BYTES - 1] ^= (l[0] >> 7) * 0x87;
  return k1;
}
