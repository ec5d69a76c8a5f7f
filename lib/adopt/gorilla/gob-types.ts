import { GobFault, type GobReader } from './gob-reader.js';

/** The types that gob knows without a definition, by their ids. */
export const BASIC = {
  bool: 1,
  int: 2,
  uint: 3,
  float: 4,
  bytes: 5,
  string: 6,
  complex: 7,
  interface: 8,
} as const;

/** Ids below are gob's own. */
export const FIRST_USER_ID = 64;

/** A type as the stream defines it. */
export type WireType =
  | { readonly kind: 'array' | 'slice'; readonly name: string; readonly element: number }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: readonly { readonly name: string; readonly type: number }[];
    }
  | { readonly kind: 'map'; readonly name: string; readonly key: number; readonly element: number }
  /** Types that write themselves: `GobEncode`, `MarshalBinary`, `MarshalText`. */
  | { readonly kind: 'gob' | 'binary' | 'text'; readonly name: string };

/** The fields of gob's `wireType`, in their order. */
export const WIRE_KINDS = ['array', 'slice', 'struct', 'map', 'gob', 'binary', 'text'] as const;

/**
 * The definition of a type, which is itself a gob: a `wireType` of which one field is set.
 *
 * Each struct ends with a delta of 0, and each delta says how many fields were passed over.
 */
export function readWireType(reader: GobReader): WireType {
  const kind = WIRE_KINDS[reader.small() - 1];
  if (kind === undefined) throw new GobFault('defines a type of a kind that is not known');
  const type = readDefinition(reader, kind);
  if (reader.small() !== 0) throw new GobFault('defines a type twice');
  return type;
}

function readDefinition(reader: GobReader, kind: (typeof WIRE_KINDS)[number]): WireType {
  let name = '';
  let key = 0;
  let element = 0;
  let fields: { name: string; type: number }[] = [];
  eachField(reader, (field) => {
    if (field === 0) name = readCommon(reader);
    else if (kind === 'struct' && field === 1) fields = readFields(reader);
    else if (kind === 'map' && field === 1) key = reader.smallSigned();
    else if (kind === 'map' && field === 2) element = reader.smallSigned();
    else if ((kind === 'array' || kind === 'slice') && field === 1) element = reader.smallSigned();
    // The length of an array; its elements are counted all the same.
    else if (kind === 'array' && field === 2) reader.signed();
    else throw new GobFault('defines a type with a field that is not known');
  });
  if (kind === 'array' || kind === 'slice') return { kind, name, element };
  if (kind === 'map') return { kind, name, key, element };
  return kind === 'struct' ? { kind, name, fields } : { kind, name };
}

/** `CommonType`: the name, and the id again. */
function readCommon(reader: GobReader): string {
  let name = '';
  eachField(reader, (field) => {
    if (field === 0) name = reader.text();
    else if (field === 1) reader.signed();
    else throw new GobFault('defines a type with a field that is not known');
  });
  return name;
}

function readFields(reader: GobReader): { name: string; type: number }[] {
  return Array.from({ length: reader.count(1) }, () => {
    const read = { name: '', type: 0 };
    eachField(reader, (field) => {
      if (field === 0) read.name = reader.text();
      else if (field === 1) read.type = reader.smallSigned();
      else throw new GobFault('defines a field with a field that is not known');
    });
    return read;
  });
}

/** Goes through the fields of a struct that are there, each of which the visitor has to read. */
export function eachField(reader: GobReader, visit: (field: number) => void): void {
  let field = -1;
  for (let delta = reader.small(); delta !== 0; delta = reader.small()) {
    field += delta;
    visit(field);
  }
}
