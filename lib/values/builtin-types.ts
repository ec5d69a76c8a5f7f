import { endianness } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { isDate } from 'node:util/types';
import { lineageOf } from './class-source.js';
import { UNKNOWN } from './unknown-types.js';

/** A type of the platform that is stored as one tag with one plain payload. */
export interface BuiltinType {
  /** The payload as JSON text. */
  readonly write: (value: never) => string;
  /** The value, or `UNKNOWN` where the payload is damaged. Throws nothing. */
  readonly revive: (payload: unknown) => unknown;
}

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface TypedArrayClass {
  readonly name: string;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

export const TYPED_ARRAYS: readonly TypedArrayClass[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

const typedArrays: ReadonlyMap<string, TypedArrayClass> = new Map(
  TYPED_ARRAYS.map((cls) => [cls.name, cls]),
);

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

/** The time span of ECMAScript dates in milliseconds on either side of 1970 (ECMA-262, 21.4.1.1). */
const MAX_TIME = 8.64e15;

const INTEGER = /^-?\d+$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Not the global one as it stands: under a faked clock (Jest, sinon) that is a class of theirs. */
export const PlatformDate = lineageOf(Date).at(-1) as unknown as DateConstructor;

// Not the instance's own method: that one could be replaced by a field.
const timeOf = (value: Date): number => PlatformDate.prototype.getTime.call(value);

/**
 * True for a date of a faked clock: of the one that is set, or of an earlier one, whose dates say
 * that their class is the platform's. False for a date of any other class.
 */
export function isFakedDate(value: object): boolean {
  if (!isDate(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object;
  if (prototype === Date.prototype) return true;
  // A faked clock says so of the instances of its subclasses too.
  const isDirect = Object.getPrototypeOf(prototype) === PlatformDate.prototype;
  return isDirect && value.constructor === PlatformDate;
}

/** What the application's own `new Date(time)` gives, also under a faked clock. */
export function dateOf(time: number): Date {
  if (Date !== PlatformDate && Date.prototype instanceof PlatformDate) {
    const faked = new Date(time);
    // A mock may know one time only.
    if (Object.is(timeOf(faked), time)) return faked;
  }
  return new PlatformDate(time);
}

export const date: BuiltinType = {
  write: (value: Date) => {
    const time = timeOf(value);
    return Number.isNaN(time) ? 'null' : String(time);
  },
  revive: (payload) => {
    if (payload === null) return dateOf(NaN);
    return Number.isInteger(payload) && Math.abs(payload as number) <= MAX_TIME
      ? dateOf(payload as number)
      : UNKNOWN;
  },
};

export const bigint: BuiltinType = {
  write: (value: bigint) => `"${value}"`,
  revive: (payload) =>
    typeof payload === 'string' && INTEGER.test(payload) ? BigInt(payload) : UNKNOWN,
};

/** The numbers that JSON has no notation for. */
export const specialNumber: BuiltinType = {
  write: (value: number) => (Object.is(value, -0) ? '"-0"' : `"${value}"`),
  revive: (payload) => NUMBERS.get(payload) ?? UNKNOWN,
};

export const url: BuiltinType = {
  write: (value: URL) => JSON.stringify(value.href),
  revive: (payload) =>
    typeof payload === 'string' && URL.canParse(payload) ? new URL(payload) : UNKNOWN,
};

export const buffer: BuiltinType = {
  write: (value: Buffer) => `"${bytesOf(value).toString('base64')}"`,
  revive: (payload) => fromBase64(payload) ?? UNKNOWN,
};

export const bytes: BuiltinType = {
  write: (value: TypedArray) =>
    `["${value[Symbol.toStringTag]}","${littleEndian(bytesOf(value), value.BYTES_PER_ELEMENT).toString('base64')}"]`,
  revive: (payload) => {
    if (!Array.isArray(payload) || payload.length !== 2) return UNKNOWN;
    const [name, text] = payload as [unknown, unknown];
    const cls = typeof name === 'string' ? typedArrays.get(name) : undefined;
    const content = fromBase64(text);
    if (cls === undefined || content === undefined) return UNKNOWN;
    if (content.length % cls.BYTES_PER_ELEMENT !== 0) return UNKNOWN;
    // A buffer of its own: Node's pool hands out slices that are not aligned.
    const own = new ArrayBuffer(content.length);
    Buffer.from(own).set(littleEndian(content, cls.BYTES_PER_ELEMENT));
    return new cls(own);
  },
};

/**
 * True for a view with properties of its own beside its elements. Compared with a bare view of the
 * same bytes, because to list its keys would be to list millions of elements.
 */
export function hasNamedProperties(view: TypedArray): boolean {
  const cls = typedArrays.get(view[Symbol.toStringTag])!;
  const bare: unknown = Object.setPrototypeOf(
    new cls(view.buffer, view.byteOffset, view.length),
    Object.getPrototypeOf(view) as object,
  );
  return !isDeepStrictEqual(view, bare);
}

/** Exactly the window that the view shows, which may be a part of its buffer. */
function bytesOf(view: NodeJS.ArrayBufferView): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

function fromBase64(payload: unknown): Buffer | undefined {
  // Buffer.from skips what is not base64; half of a value is worse than none.
  if (typeof payload !== 'string' || payload.length % 4 !== 0 || !BASE64.test(payload)) {
    return undefined;
  }
  return Buffer.from(payload, 'base64');
}

/** A session may be read on a machine of the other byte order. */
function littleEndian(content: Buffer, bytesPerElement: number): Buffer {
  if (bytesPerElement === 1 || endianness() === 'LE') return content;
  const copy = Buffer.from(content);
  if (bytesPerElement === 2) return copy.swap16();
  return bytesPerElement === 4 ? copy.swap32() : copy.swap64();
}
