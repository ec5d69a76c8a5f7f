/** The basic encodings of encoding/gob, written. */
export class GobWriter {
  private readonly parts: Uint8Array[] = [];

  unsigned(value: number | bigint): this {
    const big = BigInt(value);
    if (big < 0x80n) return this.raw(Uint8Array.of(Number(big)));
    const hex = big.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
    return this.raw(Uint8Array.of(0x100 - bytes.length)).raw(bytes);
  }

  signed(value: number | bigint): this {
    const big = BigInt(value);
    return this.unsigned(big < 0n ? (~big << 1n) | 1n : big << 1n);
  }

  float(value: number): this {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return this.unsigned(bits.readBigUInt64LE());
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value));
  }

  /** Bytes behind their number. */
  bytes(value: Uint8Array): this {
    return this.unsigned(value.length).raw(value);
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }

  end(): Buffer {
    return Buffer.concat(this.parts);
  }
}
