import { SessionError } from '../../session.errors.js';
import { pathOf } from '../../session/session-values.js';
import { MapEntry, pathText } from '../../values/path-text.js';
import { isFields, type JsonObject } from '../../values/tags.js';
import { storedType } from '../../values/type-registry.js';
import { GobDefinitions, message, type GoStructs } from './gob-definitions.js';
import { GobWriter } from './gob-writer.js';
import type { GoType } from './go-type.js';
import { timeOfDate } from './go-time.js';
import { bigintIn, isUnset, pairsOf, plainFields, tagIn } from './stored-nodes.js';

/** What a gob calls the types that JavaScript's own values become. */
const DYNAMIC = {
  bool: { kind: 'bool' },
  string: { kind: 'string' },
  int: { kind: 'int', bits: 64 },
  int64: { kind: 'int', bits: 64 },
  uint64: { kind: 'uint', bits: 64 },
  float64: { kind: 'float' },
  '[]uint8': { kind: 'bytes' },
  'time.Time': { kind: 'time' },
  '[]interface {}': { kind: 'slice', element: { kind: 'interface' } },
  'map[string]interface {}': {
    kind: 'map',
    key: { kind: 'string' },
    element: { kind: 'interface' },
  },
  'map[interface {}]interface {}': {
    kind: 'map',
    key: { kind: 'interface' },
    element: { kind: 'interface' },
  },
} as const satisfies Record<string, GoType>;

const HALF_PAIR = /\p{Surrogate}/u;

/** The name under which the application in Go has registered the struct of a class. */
export type GoNameOf = (registeredName: string) => string | undefined;

/**
 * The gob of a `map[interface{}]interface{}`.
 *
 * @param values in the form in which sessions store them, parsed
 * @throws SessionError `SESSION_UNSERIALIZABLE` with the path of what gob cannot say
 */
export function encodeGob(
  values: ReadonlyMap<string, unknown>,
  structs: GoStructs,
  goNameOf: GoNameOf,
): Buffer {
  const encoder = new GobEncoder(structs, goNameOf);
  const map = DYNAMIC['map[interface {}]interface {}'];
  const writer = new GobWriter().signed(encoder.definitions.idOf(map)).unsigned(0);
  writer.unsigned(values.size);
  for (const [key, value] of values) {
    encoder.begin(pathOf(key));
    encoder.any(writer, key);
    encoder.any(writer, value);
  }
  return Buffer.concat([...encoder.definitions.written, message(writer.end())]);
}

class GobEncoder {
  readonly definitions: GobDefinitions;
  private root = '';
  private keys: unknown[] = [];

  constructor(
    private readonly structs: GoStructs,
    private readonly goNameOf: GoNameOf,
  ) {
    this.definitions = new GobDefinitions(structs);
  }

  begin(root: string): void {
    this.root = root;
    this.keys = [];
  }

  /** A value behind an interface: the name of its type, the type's id, the length, the value. */
  any(writer: GobWriter, node: unknown): void {
    if (node === null || isUnset(node)) {
      writer.unsigned(0);
      return;
    }
    const [name, type] = this.dynamicType(node);
    const value = new GobWriter();
    if (type.kind !== 'struct') value.unsigned(0);
    this.typed(value, node, type);
    writer.text(name).signed(this.definitions.idOf(type)).bytes(value.end());
  }

  private dynamicType(node: unknown): readonly [string, GoType] {
    const named = (name: keyof typeof DYNAMIC) => [name, DYNAMIC[name]] as const;
    if (typeof node === 'boolean') return named('bool');
    if (typeof node === 'string') return named('string');
    if (typeof node === 'number') return named(Number.isSafeInteger(node) ? 'int' : 'float64');
    if (Array.isArray(node)) return named('[]interface {}');
    const tag = tagIn(node);
    switch (tag) {
      case undefined:
      case '$':
      case '$null':
        return named('map[string]interface {}');
      case '$number':
        return named('float64');
      case '$bigint':
        return named(bigintIn(node)! < 2n ** 63n ? 'int64' : 'uint64');
      case '$date':
        return named('time.Time');
      case '$buffer':
      case '$bytes':
        return named('[]uint8');
      case '$map':
        return named('map[interface {}]interface {}');
      default:
        return this.structType(tag);
    }
  }

  private structType(tag: string): readonly [string, GoType] {
    const registered = tag.startsWith('@') ? storedType(tag)?.type.name : undefined;
    if (registered === undefined)
      throw this.refused(`is a ${tag.slice(1)}, for which gob has no type`);
    const name = this.goNameOf(registered);
    if (name === undefined) {
      throw this.refused(
        `is an instance of the session type ${JSON.stringify(registered)}, which types does not name`,
      );
    }
    return [name, { kind: 'struct', name: name.replace(/^\*/, '') }];
  }

  private typed(writer: GobWriter, node: unknown, type: GoType): void {
    switch (type.kind) {
      case 'interface':
        this.any(writer, node);
        break;
      case 'bool':
        if (typeof node !== 'boolean') throw this.unlike('bool');
        writer.unsigned(node ? 1 : 0);
        break;
      case 'string':
        if (typeof node !== 'string') throw this.unlike('string');
        if (HALF_PAIR.test(node))
          throw this.refused('has half a surrogate pair, which UTF-8 cannot say');
        writer.text(node);
        break;
      case 'float':
        writer.float(this.float(node));
        break;
      case 'int':
        writer.signed(this.integer(node, type.bits, true));
        break;
      case 'uint':
        writer.unsigned(this.integer(node, type.bits, false));
        break;
      case 'bytes':
        writer.bytes(this.bytes(node));
        break;
      case 'time':
        writer.bytes(this.time(node));
        break;
      case 'slice':
      case 'array':
        this.list(writer, node, type);
        break;
      case 'map':
        this.map(writer, node, type);
        break;
      case 'struct':
        this.struct(writer, node, type.name);
    }
  }

  private float(node: unknown): number {
    if (typeof node === 'number') return node;
    if (tagIn(node) !== '$number') throw this.unlike('float64');
    return Number((node as { $number: string }).$number);
  }

  private integer(node: unknown, bits: number, isSigned: boolean): bigint {
    const value = Number.isSafeInteger(node) ? BigInt(node as number) : bigintIn(node);
    if (value === undefined) throw this.unlike(isSigned ? 'int' : 'uint');
    const fits = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    if (fits !== value)
      throw this.refused(`does not fit ${isSigned ? 'an int' : 'a uint'} of ${bits} bits`);
    return value;
  }

  private bytes(node: unknown): Buffer {
    const tag = tagIn(node);
    if (tag === '$buffer') return Buffer.from((node as { $buffer: string }).$buffer, 'base64');
    const [name, text] = tag === '$bytes' ? (node as { $bytes: [string, string] }).$bytes : [];
    if (name !== 'Uint8Array') throw this.unlike('[]byte');
    return Buffer.from(text!, 'base64');
  }

  private time(node: unknown): Buffer {
    const time = tagIn(node) === '$date' ? (node as { $date: number | null }).$date : undefined;
    if (time === undefined) throw this.unlike('time.Time');
    if (time === null) throw this.refused('is an invalid Date, which is no time.Time');
    return timeOfDate(time);
  }

  private list(writer: GobWriter, node: unknown, type: GoType & { kind: 'slice' | 'array' }): void {
    if (!Array.isArray(node)) throw this.unlike('list');
    if (type.kind === 'array' && node.length !== type.length) {
      throw this.refused(`has ${node.length} elements, and the array in Go has ${type.length}`);
    }
    writer.unsigned(node.length);
    node.forEach((element, index) =>
      this.below(index, () => this.typed(writer, element, type.element)),
    );
  }

  private map(writer: GobWriter, node: unknown, type: GoType & { kind: 'map' }): void {
    const pairs = pairsOf(node);
    if (pairs === undefined) throw this.unlike('map');
    writer.unsigned(pairs.length);
    pairs.forEach(([key, value], index) => {
      const isMap = tagIn(node) === '$map';
      const place = (side: 'keys' | 'values') => (isMap ? new MapEntry(side, index) : key);
      this.below(place('keys'), () => this.typed(writer, key, type.key));
      this.below(place('values'), () => this.typed(writer, value, type.element));
    });
  }

  /** Each field behind how many were passed over, and 0 at the end. What is missing is Go's zero. */
  private struct(writer: GobWriter, node: unknown, name: string): void {
    const fields = this.fieldsOf(node, name);
    const types = this.structs.get(name)!;
    const unknown = Object.keys(fields).find((key) => !types.has(key) && !isUnset(fields[key]));
    if (unknown !== undefined) {
      this.keys.push(unknown);
      throw this.refused(`is no field of ${name}`);
    }
    let last = -1;
    let index = -1;
    for (const [key, type] of types) {
      index++;
      const value = Object.hasOwn(fields, key) ? fields[key] : null;
      if (value === null || isUnset(value)) continue;
      writer.unsigned(index - last);
      last = index;
      this.below(key, () => this.typed(writer, value, type));
    }
    writer.unsigned(0);
  }

  private fieldsOf(node: unknown, name: string): JsonObject {
    const tag = tagIn(node);
    if (tag === undefined || !tag.startsWith('@')) {
      const fields = plainFields(node);
      if (fields === undefined) throw this.unlike(name);
      return fields;
    }
    if (this.structType(tag)[0].replace(/^\*/, '') !== name) throw this.unlike(name);
    const payload = (node as JsonObject)[tag];
    if (!isFields(payload)) throw this.unlike(name);
    return payload;
  }

  private below(key: unknown, write: () => void): void {
    this.keys.push(key);
    write();
    this.keys.pop();
  }

  private unlike(type: string): SessionError {
    return this.refused(`is no ${type}, as the type in Go says`);
  }

  private refused(why: string): SessionError {
    const path = pathText(this.root, this.keys);
    return new SessionError(
      'SESSION_UNSERIALIZABLE',
      `${path} ${why}. The application in Go could not read it.`,
    );
  }
}
