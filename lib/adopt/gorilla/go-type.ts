import { wrong } from '../adopter-options.js';

/** A type of Go, as far as a session of gorilla may hold it. */
export type GoType =
  | { readonly kind: 'bool' | 'string' | 'bytes' | 'float' | 'interface' | 'time' }
  | { readonly kind: 'int' | 'uint'; readonly bits: number }
  | { readonly kind: 'slice'; readonly element: GoType }
  | { readonly kind: 'array'; readonly length: number; readonly element: GoType }
  | { readonly kind: 'map'; readonly key: GoType; readonly element: GoType }
  | { readonly kind: 'struct'; readonly name: string };

/** The fields of a struct, with their types as Go writes them. */
export type GoStructFields = Readonly<Record<string, string>>;

const FIXED: ReadonlyMap<string, GoType> = new Map<string, GoType>([
  ['bool', { kind: 'bool' }],
  ['string', { kind: 'string' }],
  ['[]byte', { kind: 'bytes' }],
  ['[]uint8', { kind: 'bytes' }],
  ['float32', { kind: 'float' }],
  ['float64', { kind: 'float' }],
  ['any', { kind: 'interface' }],
  ['interface{}', { kind: 'interface' }],
  ['interface {}', { kind: 'interface' }],
  ['time.Time', { kind: 'time' }],
  ['byte', { kind: 'uint', bits: 8 }],
  ['rune', { kind: 'int', bits: 32 }],
]);

/**
 * Reads a type as Go writes it: `int`, `[]string`, `map[string]*main.Address`. A pointer is what it
 * points to, as in a gob.
 *
 * @param structs the names that may stand for a struct
 * @throws SessionError `SESSION_CONFIG`
 */
export function parseGoType(text: string, structs: ReadonlySet<string>, where: string): GoType {
  const parse = (inner: string): GoType => parseGoType(inner, structs, where);
  const type = text.trim();
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return fixed;
  if (structs.has(type)) return { kind: 'struct', name: type };
  const integer = /^(u?int)(8|16|32|64)?$/.exec(type);
  if (integer !== null) return { kind: integer[1] as 'int', bits: Number(integer[2] ?? 64) };
  if (type.startsWith('*')) return parse(type.slice(1));
  const list = /^\[(\d*)\](.+)$/s.exec(type);
  if (list !== null) {
    const element = parse(list[2]);
    return list[1] === ''
      ? { kind: 'slice', element }
      : { kind: 'array', length: Number(list[1]), element };
  }
  if (type.startsWith('map[')) {
    const end = endOfKey(type);
    return { kind: 'map', key: parse(type.slice(4, end)), element: parse(type.slice(end + 1)) };
  }
  throw wrong(
    'toGorilla',
    `types: ${where} has the type ${JSON.stringify(text)}, which is none that a session can hold, nor a struct in types`,
  );
}

/** Where the bracket closes that `map[` opens. */
function endOfKey(type: string): number {
  let open = 1;
  let at = 4;
  for (; at < type.length; at++) {
    if (type[at] === '[') open++;
    if (type[at] === ']' && --open === 0) break;
  }
  return at;
}
