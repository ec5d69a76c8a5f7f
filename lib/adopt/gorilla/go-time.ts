/** `time.Time`, as its `MarshalBinary` writes it. */

/** From the first of January of the year 1, where Go counts from, to 1970. */
const UNIX_EPOCH = 62_135_596_800n;
const MAX_MILLISECONDS = 8_640_000_000_000_000n;

/** Version 1: seconds (8 bytes), nanoseconds (4), the zone's offset in minutes (2). */
const BYTES_1 = 15;
/** Version 2 has a byte for the seconds of the offset beside. */
const BYTES_2 = 16;
/** For the offset: UTC. */
const UTC = -1;

/** The instant; nanoseconds and the zone have no place in a Date. `undefined` where it is none. */
export function dateOfTime(bytes: Buffer): Date | undefined {
  const isTime =
    (bytes[0] === 1 && bytes.length === BYTES_1) || (bytes[0] === 2 && bytes.length === BYTES_2);
  if (!isTime) return undefined;
  const seconds = bytes.readBigInt64BE(1) - UNIX_EPOCH;
  const milliseconds = seconds * 1000n + BigInt(Math.floor(bytes.readInt32BE(9) / 1e6));
  const isDate = milliseconds <= MAX_MILLISECONDS && milliseconds >= -MAX_MILLISECONDS;
  return isDate ? new Date(Number(milliseconds)) : undefined;
}

/** @param time milliseconds since 1970 */
export function timeOfDate(time: number): Buffer {
  const bytes = Buffer.alloc(BYTES_1);
  const seconds = Math.floor(time / 1000);
  bytes[0] = 1;
  bytes.writeBigInt64BE(BigInt(seconds) + UNIX_EPOCH, 1);
  bytes.writeInt32BE((time - seconds * 1000) * 1e6, 9);
  bytes.writeInt16BE(UTC, 13);
  return bytes;
}
