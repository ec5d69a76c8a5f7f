import * as builtin from './builtin-types.js';
import type { ClassPlan } from './class-plan.js';
import type { Findings } from './faults.js';
import type { FieldType } from './field-type.js';
import { isFields, isListOfPairs, tagOf, type JsonObject } from './tags.js';
import { storedType, typeTagged, type RegisteredType } from './type-registry.js';
import { TypedReader } from './typed-reader.js';
import { DROPPED, keepUnknown, keepUnknownElement, UNKNOWN } from './unknown-types.js';
import { DEFAULT_RULES, type ValueRules } from './value-rules.js';

const NO_FINDINGS: Findings = { faults: [], continued: new Map() };

/** What objects were read as, with the number of unknown values in them. */
type Memory = Map<object, { readonly value: unknown; readonly unknowns: number }>;

const builtins: ReadonlyMap<string, builtin.BuiltinType> = new Map([
  ['$date', builtin.date],
  ['$bigint', builtin.bigint],
  ['$number', builtin.specialNumber],
  ['$url', builtin.url],
  ['$buffer', builtin.buffer],
  ['$bytes', builtin.bytes],
]);

/**
 * Reads one parsed text back into the value. Never changes what was parsed: an object that holds
 * a rich value is copied, so that the stored form of what turns out unknown is at hand, whole.
 */
export class Decoder {
  /** How many unknown values were met so far. */
  unknowns = 0;
  private reader: TypedReader | undefined;
  private memory: Memory | undefined;

  /**
   * @param isReplay whether this only finds out what was read before: then no owner is asked what
   * is to become of an invalid value
   */
  constructor(
    readonly rules: ValueRules = DEFAULT_RULES,
    private readonly isReplay = false,
  ) {}

  /** Most values need none. */
  private get types(): TypedReader {
    return (this.reader ??= new TypedReader(this, this.isReplay));
  }

  /** What did not read as it is stored. */
  get findings(): Findings {
    return this.reader ?? NO_FINDINGS;
  }

  /** The value that a node stands for, or `UNKNOWN`, or `DROPPED`. */
  value(node: unknown): unknown {
    if (typeof node !== 'object' || node === null) return node;
    return this.memory === undefined
      ? this.objectOf(node)
      : this.remembered(node, this.memory, () => this.objectOf(node));
  }

  private objectOf(node: object): unknown {
    if (Array.isArray(node)) return this.list(node, undefined);
    const tag = tagOf(node as JsonObject);
    return tag === undefined
      ? this.fields(node as JsonObject)
      : this.tagged(tag, node as JsonObject, undefined);
  }

  /** The value of a field whose `@Type` is known, or `UNKNOWN`, or `DROPPED`. */
  typed(node: unknown, type: FieldType): unknown {
    const value = this.typedValue(node, type);
    if (type.convert === undefined || value === UNKNOWN || value === DROPPED) return value;
    return isContainer(value) ? value : type.convert(value);
  }

  private typedValue(node: unknown, type: FieldType): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) {
      return type.container === 'Set' ? this.set(node, type) : this.list(node, type);
    }
    const tag = tagOf(node as JsonObject);
    return tag === undefined
      ? this.typedFields(node as JsonObject, type)
      : this.tagged(tag, node as JsonObject, type);
  }

  /** An object without a tag: the fields of the class that its field names, if it names one. */
  private typedFields(node: JsonObject, type: FieldType): unknown {
    if (type.container === 'Map') return this.map(Object.entries(node), type);
    const plan = type.planToRevive(node);
    if (plan === undefined) return this.fields(node);
    const { discriminator } = type;
    if (discriminator === undefined || discriminator.keep) return this.untagged(plan, node, node);
    const { [discriminator.property]: _, ...rest } = node;
    return this.untagged(plan, rest, node);
  }

  private untagged(plan: ClassPlan, stored: JsonObject, node: JsonObject): unknown {
    const { type } = plan;
    if (type === undefined) return this.built(plan, stored, node);
    // It was stored without a tag, so before the class had another form.
    if (type.version > 1) return this.types.upgraded(type, 1, stored, node);
    return type.form === undefined ? this.instance(type, stored, node) : this.fields(stored);
  }

  /** An object as it stands, whatever its keys look like. */
  fields(node: JsonObject): object {
    let copy: Record<string, unknown> | undefined;
    for (const key in node) {
      const child = node[key];
      if (typeof child !== 'object' || child === null) continue;
      const value = this.value(child);
      if (value === child) continue;
      // A spread copies `__proto__` as the own property that it is; assigning it then is safe.
      copy ??= { ...node };
      if (value === DROPPED) {
        delete copy[key];
        continue;
      }
      if (value === UNKNOWN) keepUnknown(copy, key, child);
      copy[key] = value === UNKNOWN ? undefined : value;
    }
    return copy ?? node;
  }

  private list(node: readonly unknown[], field: FieldType | undefined): readonly unknown[] {
    const type = field?.element ?? field;
    let copy: unknown[] | undefined;
    for (let index = 0; index < node.length; index++) {
      const child = node[index];
      const value = type === undefined ? this.value(child) : this.typed(child, type);
      if (copy === undefined) {
        if (value === child) continue;
        copy = node.slice(0, index);
      }
      if (value === DROPPED) continue;
      // Those that were stored as `undefined` too, so that the slots can be told apart by order.
      if (value === UNKNOWN || value === undefined) keepUnknownElement(copy, child);
      copy.push(value === UNKNOWN ? undefined : value);
    }
    return copy ?? node;
  }

  private tagged(tag: string, node: JsonObject, type: FieldType | undefined): unknown {
    const payload = node[tag];
    if (tag.startsWith('@')) return this.named(tag, payload, node);
    const unknownsBefore = this.unknowns;
    const value = this.builtin(tag, payload, type);
    // A set with an element that is unknown has been reported by the element's name.
    return value === UNKNOWN && this.unknowns === unknownsBefore
      ? this.unknown(tag, 'is damaged or not known to this build', node)
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
    for (const [keyNode, node] of pairs) {
      const key = this.value(keyNode);
      // A map without this entry would lose it, so the whole of it is unknown.
      if (key === UNKNOWN) return UNKNOWN;
      const value = type === undefined ? this.value(node) : this.typed(node, type);
      if (key === DROPPED || value === DROPPED) continue;
      if (value === UNKNOWN) keepUnknown(map, key, node);
      map.set(key, value === UNKNOWN ? undefined : value);
    }
    return map;
  }

  private set(nodes: readonly unknown[], field: FieldType | undefined): unknown {
    const type = field?.element ?? field;
    const set = new Set<unknown>();
    for (const node of nodes) {
      const value = type === undefined ? this.value(node) : this.typed(node, type);
      if (value === UNKNOWN) return UNKNOWN;
      if (value !== DROPPED) set.add(value);
    }
    return set;
  }

  private withoutPrototype(payload: JsonObject): object {
    const fields = this.fields(payload);
    return Object.setPrototypeOf(fields === payload ? { ...payload } : fields, null) as object;
  }

  /**
   * The fields of an object for a `@Transform`, which is shown the whole. They are read for their own
   * sake too: what they hold is remembered, or each level of such objects would double the work.
   */
  wholeOf(node: JsonObject): object {
    this.memory ??= new Map();
    return this.fields(node);
  }

  private remembered(node: object, memory: Memory, read: () => unknown): unknown {
    const known = memory.get(node);
    if (known !== undefined) {
      this.unknowns += known.unknowns;
      return known.value;
    }
    const unknownsBefore = this.unknowns;
    const value = read();
    memory.set(node, { value, unknowns: this.unknowns - unknownsBefore });
    return value;
  }

  private named(tag: string, payload: unknown, node: JsonObject): unknown {
    return this.memory === undefined
      ? this.readNamed(tag, payload, node)
      : this.remembered(node, this.memory, () => this.readNamed(tag, payload, node));
  }

  private readNamed(tag: string, payload: unknown, node: JsonObject): unknown {
    const type = typeTagged(tag);
    if (type !== undefined) return this.instance(type, payload, node);
    const stored = storedType(tag);
    if (stored === undefined) return this.unknown(tag, 'is not known to this build', node);
    if (stored.version > stored.type.version) {
      return this.unknown(tag, 'is of a newer version than this build knows', node);
    }
    return this.types.upgraded(stored.type, stored.version, payload, node);
  }

  /** A value of a registered type, in the form of today. */
  instance(type: RegisteredType, payload: unknown, node: JsonObject): unknown {
    const unknownsBefore = this.unknowns;
    let value: unknown;
    if (type.form !== undefined) {
      const stored = this.value(payload);
      // A hand-written `revive` is never given half of what `serialize` returned.
      if (this.unknowns !== unknownsBefore) return UNKNOWN;
      if (stored === DROPPED) return DROPPED;
      value = this.types.revived(type, type.form, stored, node);
    } else {
      if (!isFields(payload)) return this.unknown(`@${type.name}`, 'is damaged', node);
      value = this.built(this.rules.planOf(type.cls), payload, node);
    }
    if (type.check === undefined || value === UNKNOWN || value === DROPPED) return value;
    // What holds something unknown would be judged without it.
    return this.unknowns === unknownsBefore ? this.types.checked(type, value, node) : UNKNOWN;
  }

  protected built(plan: ClassPlan, stored: JsonObject, node: JsonObject): unknown {
    try {
      return plan.revive(stored, this);
    } catch (error) {
      return this.types.failed(plan.type, `@${plan.name}`, 'could not be built', error, node);
    }
  }

  /** @param node what is at fault, by which its place is found if it is told of */
  unknown(type: string, why: string, node: object): typeof UNKNOWN {
    this.unknowns++;
    this.types.faults.push({ node, type, why, outcome: 'kept' });
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

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}
