import { DEFAULT_LIMITS } from '../../values/limits.js';
import { GobFault, GobReader, integer } from './gob-reader.js';
import { BASIC, eachField, readWireType, type WireType } from './gob-types.js';
import { dateOfTime } from './go-time.js';

/** A struct of Go, or a map whose keys are text. */
export class GoFields {
  constructor(
    readonly fields: ReadonlyMap<string, unknown>,
    /** As the stream calls a struct: `main.User` behind an interface, `Address` in a field. */
    readonly struct?: string,
  ) {}
}

/**
 * What a gob holds, as values of JavaScript: integers as numbers or bigints, `[]byte` as a Buffer,
 * slices and arrays as arrays, structs and maps from text as `GoFields`, other maps as Maps, `time.Time`
 * as a Date, a nil interface as `null`. Pointers are no part of a gob.
 *
 * Bounded in depth and in the number of values. In time too: each value takes a byte or more, but for
 * the zero fields of structs, which count.
 *
 * @throws GobFault
 */
export function decodeGob(bytes: Buffer): unknown {
  return new GobDecoder(new GobReader(bytes)).decode();
}

class GobDecoder {
  private readonly types = new Map<number, WireType>();
  private depth = 0;
  private nodes = 0;

  constructor(private readonly reader: GobReader) {}

  decode(): unknown {
    // The length of the first message. Messages are read through as one: within an interface their
    // bounds follow where types happened to be defined, and no value is skipped.
    this.reader.unsigned();
    return this.topLevel(this.typeSequence(), '');
  }

  /** The definitions of types that come first, and then the id of the type of the value. */
  private typeSequence(): number {
    for (;;) {
      const id = this.reader.smallSigned();
      if (id >= 0) return id;
      if (this.types.has(-id)) throw new GobFault('defines a type twice');
      this.types.set(-id, readWireType(this.reader));
      // The length of the next message, or of what follows within an interface.
      this.reader.unsigned();
    }
  }

  /** A value that stands alone: unless it is a struct, behind a zero. */
  private topLevel(id: number, name: string): unknown {
    if (this.types.get(id)?.kind !== 'struct' && this.reader.small() !== 0) {
      throw new GobFault('has a value where none may be');
    }
    return this.value(id, name);
  }

  /** @param name what an interface calls the type */
  private value(id: number, name = ''): unknown {
    if (++this.nodes > DEFAULT_LIMITS.nodes) throw new GobFault('has too many values');
    switch (id) {
      case BASIC.bool:
        return this.reader.unsigned() !== 0n;
      case BASIC.int:
        return integer(this.reader.signed());
      case BASIC.uint:
        return integer(this.reader.unsigned());
      case BASIC.float:
        return this.reader.float();
      case BASIC.bytes:
        return Buffer.from(this.reader.take());
      case BASIC.string:
        return this.reader.text();
      case BASIC.complex:
        throw new GobFault('has a complex number, for which there is no value in JavaScript');
      default:
        return this.deeper(id, name);
    }
  }

  private deeper(id: number, name: string): unknown {
    if (++this.depth > DEFAULT_LIMITS.depth) throw new GobFault('lies too deep');
    const value = id === BASIC.interface ? this.interface() : this.composed(id, name);
    this.depth--;
    return value;
  }

  private interface(): unknown {
    const name = this.reader.text();
    if (name === '') return null;
    const id = this.typeSequence();
    // The count of bytes, for who would skip the value.
    this.reader.unsigned();
    return this.topLevel(id, name);
  }

  private composed(id: number, name: string): unknown {
    const type = this.types.get(id);
    if (type === undefined) throw new GobFault('has a value of a type that it does not define');
    if (type.kind === 'array' || type.kind === 'slice') {
      return Array.from({ length: this.reader.count(1) }, () => this.value(type.element));
    }
    if (type.kind === 'map') return this.map(type.key, type.element);
    if (type.kind === 'struct') return this.struct(type, name === '' ? type.name : name);
    if (type.kind === 'text') return this.reader.text();
    return this.ownForm(name === '' ? type.name === 'Time' : TIME.test(name));
  }

  /** What a type has written by itself, of which only that of time is known here. */
  private ownForm(isTime: boolean): Date | Buffer {
    const bytes = Buffer.from(this.reader.take());
    return (isTime ? dateOfTime(bytes) : undefined) ?? bytes;
  }

  private map(key: number, element: number): Map<unknown, unknown> | GoFields {
    const map = new Map<unknown, unknown>();
    for (let count = this.reader.count(2); count > 0; count--) {
      map.set(this.value(key), this.value(element));
    }
    const mayBeText = key === BASIC.string || key === BASIC.interface;
    return mayBeText && hasTextKeys(map) ? new GoFields(map) : map;
  }

  private struct({ fields }: WireType & { kind: 'struct' }, name: string): GoFields {
    const read = new Map<string, unknown>();
    // A field that has the zero of its type is not sent.
    for (const field of fields) {
      if (++this.nodes > DEFAULT_LIMITS.nodes) throw new GobFault('has too many values');
      const zero = ZEROS.get(field.type);
      if (zero !== undefined) read.set(field.name, zero);
    }
    eachField(this.reader, (index) => {
      const field = fields[index];
      if (field === undefined) throw new GobFault('has a field that its type does not');
      read.set(field.name, this.value(field.type));
    });
    return new GoFields(read, name);
  }
}

const TIME = /^\*?time\.Time$/;

function hasTextKeys(map: Map<unknown, unknown>): map is Map<string, unknown> {
  return [...map.keys()].every((key) => typeof key === 'string');
}

/** Where the zero of a type is a value. What could be nil in Go stays away, as `undefined`. */
const ZEROS: ReadonlyMap<number, unknown> = new Map<number, unknown>([
  [BASIC.bool, false],
  [BASIC.int, 0],
  [BASIC.uint, 0],
  [BASIC.float, 0],
  [BASIC.string, ''],
]);
