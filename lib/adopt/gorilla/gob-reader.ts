/** Why bytes are no gob that this decoder reads. Caught where the path is known. */
export class GobFault extends Error {}

const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The basic encodings of encoding/gob ("Encoding Details" of its documentation). */
export class GobReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** An unsigned integer: one byte below 128, else the negated count of bytes and they, big endian. */
  unsigned(): bigint {
    const first = this.byte();
    if (first < 0x80) return BigInt(first);
    const count = 0x100 - first;
    if (count > 8) throw new GobFault('has an integer of more than 8 bytes');
    let value = 0n;
    for (let index = 0; index < count; index++) value = (value << 8n) | BigInt(this.byte());
    return value;
  }

  /** A signed integer: the lowest bit tells whether the others are complemented. */
  signed(): bigint {
    const value = this.unsigned();
    return value & 1n ? ~(value >> 1n) : value >> 1n;
  }

  /** A float64 with its bytes reversed, sent as an unsigned integer. */
  float(): number {
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64LE(this.unsigned());
    return bits.readDoubleBE();
  }

  /** An unsigned integer that a number holds: a type's id, a field's delta. */
  small(): number {
    const value = this.unsigned();
    if (value > 0x7fffffffn) throw new GobFault('has a count out of range');
    return Number(value);
  }

  smallSigned(): number {
    const value = this.signed();
    if (value > 0x7fffffffn || value < -0x80000000n) throw new GobFault('has an id out of range');
    return Number(value);
  }

  /**
   * How many elements follow, each of at least so many bytes.
   *
   * What is not there is not waited for, and no memory is set aside for it.
   */
  count(bytesEach: number): number {
    const count = this.unsigned();
    if (count * BigInt(bytesEach) > BigInt(this.left)) throw new GobFault('is cut short');
    return Number(count);
  }

  take(): Buffer {
    const length = this.count(1);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    try {
      return UTF8.decode(this.take());
    } catch (error) {
      if (error instanceof GobFault) throw error;
      throw new GobFault('has a string that is not UTF-8');
    }
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new GobFault('is cut short');
    return this.bytes[this.at++];
  }
}

/** An integer of Go: a number where that holds it exactly. */
export function integer(value: bigint): number | bigint {
  return value <= LARGEST_SAFE && value >= -LARGEST_SAFE ? Number(value) : value;
}
