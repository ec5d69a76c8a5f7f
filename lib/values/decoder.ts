import * as builtin from './builtin-types.js';
import type { ClassPlan } from './class-plan.js';
import type { FieldType } from './field-type.js';
import { MAX_DECODE_DEPTH } from './limits.js';
import { isTagCharacter } from './plain-values.js';
import { typeNamed } from './type-registry.js';
import { keepUnknown, keepUnknownElement, reportUnknown, UNKNOWN } from './unknown-types.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const builtins: ReadonlyMap<string, builtin.BuiltinType> = new Map([
  ['$date', builtin.date],
  ['$bigint', builtin.bigint],
  ['$number', builtin.specialNumber],
  ['$url', builtin.url],
  ['$buffer', builtin.buffer],
  ['$bytes', builtin.bytes],
]);

/** The text as a whole is none that this library wrote. */
export class TooDeep extends Error {}

/**
 * Reads one parsed text back into the value. Never changes what was parsed: an object that holds
 * a rich value is copied, so that the stored form of what turns out unknown is at hand, whole.
 */
export class Decoder {
  /** How many unknown values were met so far. */
  unknowns = 0;
  private depth = 0;

  /** The value that a node stands for, or `UNKNOWN`. */
  value(node: unknown): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (this.depth > MAX_DECODE_DEPTH) throw new TooDeep();
    if (Array.isArray(node)) return this.list(node, undefined);
    const tag = tagOf(node as JsonObject);
    return tag === undefined
      ? this.fields(node as JsonObject)
      : this.tagged(tag, (node as JsonObject)[tag], undefined);
  }

  /** The value of a field whose `@Type` is known, or `UNKNOWN`. */
  typed(node: unknown, type: FieldType): unknown {
    const value = this.typedValue(node, type);
    return value === UNKNOWN || type.convert === undefined || isContainer(value)
      ? value
      : type.convert(value);
  }

  private typedValue(node: unknown, type: FieldType): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (this.depth > MAX_DECODE_DEPTH) throw new TooDeep();
    if (Array.isArray(node)) {
      return type.container === 'Set' ? this.set(node, type) : this.list(node, type);
    }
    const tag = tagOf(node as JsonObject);
    return tag === undefined
      ? this.typedFields(node as JsonObject, type)
      : this.tagged(tag, (node as JsonObject)[tag], type);
  }

  /** An object without a tag: the fields of the class that its field names, if it names one. */
  private typedFields(node: JsonObject, type: FieldType): unknown {
    if (type.container === 'Map') return this.map(Object.entries(node), type);
    const plan = type.planToRevive(node);
    if (plan === undefined) return this.fields(node);
    const { discriminator } = type;
    if (discriminator === undefined || discriminator.keep) return this.built(plan, node);
    const { [discriminator.property]: _, ...rest } = node;
    return this.built(plan, rest);
  }

  /** An object as it stands, whatever its keys look like. */
  fields(node: JsonObject): object {
    this.depth++;
    let copy: Record<string, unknown> | undefined;
    for (const key in node) {
      const child = node[key];
      if (typeof child !== 'object' || child === null) continue;
      const value = this.value(child);
      if (value === child) continue;
      // A spread copies `__proto__` as the own property that it is; assigning it then is safe.
      copy ??= { ...node };
      if (value === UNKNOWN) keepUnknown(copy, key, child);
      copy[key] = value === UNKNOWN ? undefined : value;
    }
    this.depth--;
    return copy ?? node;
  }

  private list(node: readonly unknown[], field: FieldType | undefined): readonly unknown[] {
    const type = field?.element ?? field;
    this.depth++;
    let copy: unknown[] | undefined;
    for (let index = 0; index < node.length; index++) {
      const child = node[index];
      const value = type === undefined ? this.value(child) : this.typed(child, type);
      if (value === child) continue;
      copy ??= [...node];
      if (value === UNKNOWN) keepUnknownElement(copy, child);
      copy[index] = value === UNKNOWN ? undefined : value;
    }
    this.depth--;
    return copy ?? node;
  }

  private tagged(tag: string, payload: unknown, type: FieldType | undefined): unknown {
    if (tag.startsWith('@')) return this.instance(tag.slice(1), payload);
    const unknownsBefore = this.unknowns;
    const value = this.builtin(tag, payload, type);
    // A set with an element that is unknown has been reported by the element's name.
    return value === UNKNOWN && this.unknowns === unknownsBefore
      ? this.unknown(tag, 'is damaged or not known to this build')
      : value;
  }

  private builtin(tag: string, payload: unknown, type: FieldType | undefined): unknown {
    switch (tag) {
      case '$undefined':
        return payload === 0 ? undefined : UNKNOWN;
      case '$map':
        return isListOfPairs(payload) ? this.map(payload, type) : UNKNOWN;
      case '$set':
        return Array.isArray(payload) ? this.set(payload, type) : UNKNOWN;
      case '$null':
        return isFields(payload) ? this.withoutPrototype(payload) : UNKNOWN;
      case '$':
        if (!isFields(payload)) return UNKNOWN;
        return type === undefined ? this.fields(payload) : this.typedFields(payload, type);
      default:
        return reviveBuiltin(tag, payload);
    }
  }

  private map(
    pairs: readonly (readonly [unknown, unknown])[],
    field: FieldType | undefined,
  ): unknown {
    const type = field?.element ?? field;
    const map = new Map<unknown, unknown>();
    this.depth++;
    for (const [keyNode, node] of pairs) {
      const key = this.value(keyNode);
      // A map without this entry would lose it, so the whole of it is unknown.
      if (key === UNKNOWN) return this.surrender();
      const value = type === undefined ? this.value(node) : this.typed(node, type);
      if (value === UNKNOWN) keepUnknown(map, key, node);
      map.set(key, value === UNKNOWN ? undefined : value);
    }
    this.depth--;
    return map;
  }

  private set(nodes: readonly unknown[], field: FieldType | undefined): unknown {
    const type = field?.element ?? field;
    const set = new Set<unknown>();
    this.depth++;
    for (const node of nodes) {
      const value = type === undefined ? this.value(node) : this.typed(node, type);
      if (value === UNKNOWN) return this.surrender();
      set.add(value);
    }
    this.depth--;
    return set;
  }

  private withoutPrototype(payload: JsonObject): object {
    const fields = this.fields(payload);
    return Object.setPrototypeOf(fields === payload ? { ...payload } : fields, null) as object;
  }

  private instance(name: string, payload: unknown): unknown {
    const type = typeNamed(name);
    if (type === undefined) return this.unknown(`@${name}`, 'is not known to this build');
    const { form } = type;
    if (form === undefined) {
      return isFields(payload)
        ? this.built(type.plan(), payload)
        : this.unknown(`@${name}`, 'is damaged');
    }
    const unknownsBefore = this.unknowns;
    const stored = this.value(payload);
    // A hand-written `revive` is never given half of what `serialize` returned.
    if (this.unknowns !== unknownsBefore) return UNKNOWN;
    try {
      return form.revive(stored);
    } catch (error) {
      return this.unknown(`@${name}`, `could not be revived (${nameOf(error)})`);
    }
  }

  private built(plan: ClassPlan, stored: JsonObject): unknown {
    const { depth } = this;
    try {
      this.depth++;
      return plan.revive(stored, this);
    } catch (error) {
      if (error instanceof TooDeep) throw error;
      return this.unknown(`@${plan.name}`, `could not be built (${nameOf(error)})`);
    } finally {
      this.depth = depth;
    }
  }

  private surrender(): typeof UNKNOWN {
    this.depth--;
    return UNKNOWN;
  }

  private unknown(type: string, reason: string): typeof UNKNOWN {
    this.unknowns++;
    reportUnknown(type, reason);
    return UNKNOWN;
  }
}

function reviveBuiltin(tag: string, payload: unknown): unknown {
  try {
    return builtins.get(tag)?.revive(payload) ?? UNKNOWN;
  } catch {
    // Beyond what the platform takes, such as a bigint of a billion digits.
    return UNKNOWN;
  }
}

/** The key of an object that is a tag: its only one, and marked as such. */
function tagOf(node: JsonObject): string | undefined {
  let only: string | undefined;
  for (const key in node) {
    if (only !== undefined || !isTagCharacter(key.charCodeAt(0))) return undefined;
    only = key;
  }
  return only;
}

function isFields(payload: unknown): payload is JsonObject {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload);
}

function isListOfPairs(payload: unknown): payload is [unknown, unknown][] {
  return (
    Array.isArray(payload) && payload.every((pair) => Array.isArray(pair) && pair.length === 2)
  );
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}

/** Not its message: that may quote the value. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
