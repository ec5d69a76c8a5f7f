import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Bytes of the platform's CSPRNG, drawn from a pool that is filled 4 KB at a time: a call into
 * OpenSSL costs more than the bytes. No byte is handed out twice.
 *
 * @returns a copy of its own, which no later call changes
 */
export function randomBytes(size: number): Buffer {
  if (used + size > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  // What is handed out must not stay in memory: it may be an id.
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}
