import * as builtin from './builtin-types.js';
import type { ClassPlan } from './class-plan.js';
import type { EncoderOptions } from './encoder-options.js';
import type { FieldType } from './field-type.js';
import { escaped, primitiveText, quote, withField } from './json-text.js';
import { MAX_BINARY_BYTES } from './limits.js';
import { spendOnPlain } from './plain-values.js';
import { isContainer, LocalPrototypes, namedPropertyOf } from './realm.js';
import { MapEntry } from './path-text.js';
import * as refusal from './refusal.js';
import { Trail } from './trail.js';
import { registeredType, type RegisteredType } from './type-registry.js';
import { keptElements, keptText } from './unknown-types.js';
import { DEFAULT_RULES, type ValueRules } from './value-rules.js';

const { keys: keysOf, getOwnPropertySymbols } = Object;

/** Writes an object of one prototype. */
type ObjectWriter = (value: never, encoder: Encoder, type: FieldType | undefined) => string;

const writers: ReadonlyMap<object | null, ObjectWriter> = new Map<object | null, ObjectWriter>([
  [
    Object.prototype,
    (value: object, encoder) => escaped(encoder.fields(value), encoder.fieldCount),
  ],
  [null, (value: object, encoder) => `{"$null":${encoder.fields(value)}}`],
  [Array.prototype, (value: unknown[], encoder, type) => encoder.list(value, type)],
  [Map.prototype, (value: Map<unknown, unknown>, encoder, type) => encoder.map(value, type)],
  [Set.prototype, (value: Set<unknown>, encoder, type) => encoder.set(value, type)],
  [builtin.PlatformDate.prototype, (value: Date, encoder) => encoder.date(value)],
  [URL.prototype, (value: URL, encoder) => encoder.url(value)],
  [Buffer.prototype, (value, encoder) => `{"$buffer":${encoder.binary(value, builtin.buffer)}}`],
  ...builtin.TYPED_ARRAYS.map(({ prototype }): [object, ObjectWriter] => [
    prototype,
    (value, encoder) => `{"$bytes":${encoder.binary(value, builtin.bytes)}}`,
  ]),
]);

const localPrototypes = new LocalPrototypes(writers);

/**
 * Writes one value that is not plain JSON through and through. It alone knows where in the value
 * it is, so it alone refuses.
 */
export class Encoder {
  readonly trail: Trail;
  /** How many fields the object has that was written last. */
  fieldCount = 0;
  readonly isBare: boolean;
  private budget: number;

  constructor(
    root: string,
    private readonly rules: ValueRules = DEFAULT_RULES,
    readonly options: EncoderOptions = {},
  ) {
    this.isBare = options.isBare === true;
    this.trail = new Trail(root, rules.limits.depth);
    this.budget = rules.limits.nodes;
  }

  /** A value, by the `@Type` of its field if that has one. */
  value(value: unknown, type: FieldType | undefined): string {
    return type === undefined ? this.untyped(value, undefined) : this.typed(value, type);
  }

  /**
   * The same for what stands at the edge of a rich value: a field of an instance, an element of a
   * map or a set. What is plain below it is left to the engine. Elsewhere a look ahead would see
   * the same values again and again.
   */
  edge(value: unknown, type: FieldType | undefined): string {
    if (type !== undefined) return this.typed(value, type);
    if (typeof value === 'object' && value !== null) {
      const left = spendOnPlain(value, this.budget - 1, this.trail.levelsLeft);
      if (left >= 0) {
        this.budget = left;
        return JSON.stringify(value);
      }
    }
    return this.untyped(value, undefined);
  }

  private typed(value: unknown, type: FieldType): string {
    if (value === null || value === undefined) return this.untyped(value, undefined);
    const prototype = typeof value === 'object' ? localPrototypes.of(value) : undefined;
    if (prototype !== undefined && isContainer(prototype)) return this.untyped(value, type);
    if (type.convert !== undefined) return this.edge(type.convert(value), undefined);
    const plan = prototype === undefined ? undefined : type.planToWrite(prototype);
    if (plan === undefined) return this.untyped(value, undefined);
    const { type: registered } = plan;
    if (registered?.isTagged === true) {
      // A literal in the place of one with a form of its own was always stored as a literal.
      const isLiteral = prototype === Object.prototype && registered.version === 1;
      if (isLiteral) return this.untyped(value, undefined);
      this.spend();
      return this.labelled(value, registered);
    }
    this.spend();
    const fields = this.instance(value, plan);
    const { discriminator } = type;
    return discriminator === undefined
      ? escaped(fields, this.fieldCount)
      : this.withClassName(fields, value, plan, discriminator);
  }

  /** The fields, and the name of the class under the property that `discriminator` says. */
  private withClassName(
    fields: string,
    value: object,
    plan: ClassPlan,
    { property, keep, namesOf }: NonNullable<FieldType['discriminator']>,
  ): string {
    const count = this.fieldCount;
    const names = namesOf(localPrototypes.of(value)!);
    const key = plan.keyOf(property);
    const own: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    if (own !== undefined && !names.includes(own as string)) {
      throw refusal.refusedClassName(this.trail.pathOf(key), names);
    }
    const marks = keep || own === undefined ? [] : [{ key, remedy: 'discriminator' } as const];
    const taker = marks.length === 0 ? undefined : this.options.marks;
    const note = taker?.note(value, marks, (one) => this.trail.pathOf(one)) ?? '';
    const isOnly = count === 0 || (count === 1 && fields.startsWith(`{${quote(property)}:`));
    const name = (own as string | undefined) ?? names[0];
    return escaped(
      withField(`${fields.slice(0, -1)}${note}}`, property, name),
      isOnly ? 1 : count + 1,
    );
  }

  private untyped(value: unknown, elementType: FieldType | undefined): string {
    this.spend();
    if (typeof value === 'object' && value !== null) return this.object(value, elementType);
    if (typeof value === 'function') throw refusal.refusedFunction(this.trail.path());
    if (typeof value === 'symbol') throw refusal.refusedSymbol(this.trail.path());
    return primitiveText(value);
  }

  private object(value: object, elementType: FieldType | undefined): string {
    const prototype = localPrototypes.of(value);
    const write = writers.get(prototype);
    if (write !== undefined) return write(value as never, this, elementType);
    const registered = registeredType(prototype!);
    if (registered === undefined) {
      if (builtin.isFakedDate(value)) return this.date(value as Date);
      throw refusal.refusedObject(value, this.trail.path());
    }
    return this.labelled(value, registered);
  }

  private labelled(value: object, { cls, form, label }: RegisteredType): string {
    if (form === undefined) return `${label}${this.instance(value, this.rules.planOf(cls))}}`;
    if (this.isBare) return `${label}${this.visible(value)}}`;
    this.trail.enter(value);
    const text = this.value(form.serialize(value), undefined);
    this.trail.leave();
    return `${label}${text}}`;
  }

  /** The fields that one sees of a value with a form of its own, or nothing. */
  private visible(value: object): string {
    try {
      return new Encoder('value', this.rules, this.options).fields(value);
    } catch {
      return 'null';
    }
  }

  private instance(value: object, plan: ClassPlan): string {
    const number = this.options.compared?.get(value);
    if (number !== undefined) return `{"${number}":0}`;
    this.refuseSymbolKeys(value);
    this.trail.enter(value);
    const text = plan.write(value, this);
    this.trail.leave();
    return text;
  }

  /** An object with a prototype of `Object` or none, as it stands: its place says it is no tag. */
  fields(value: object): string {
    this.refuseSymbolKeys(value);
    this.trail.enter(value);
    let text = '';
    const keys = keysOf(value);
    for (const key of keys) {
      this.trail.at(key);
      const field = (value as Record<string, unknown>)[key];
      const kept = field === undefined ? keptText(value, key) : undefined;
      text += `${text === '' ? '' : ','}${quote(key)}:${kept ?? this.untyped(field, undefined)}`;
    }
    this.trail.leave();
    this.fieldCount = keys.length;
    return `{${text}}`;
  }

  list(list: readonly unknown[], type: FieldType | undefined): string {
    const { length } = list;
    // Before the first element is looked at: a length of 1e9 is quickly set.
    if (length > this.budget) throw this.tooMany(list);
    this.refuseSymbolKeys(list);
    const named = namedPropertyOf(list);
    if (named !== undefined) throw refusal.refusedListProperty(this.trail.pathOf(named));
    this.trail.enter(list);
    const kept = keptElements(list);
    let nextKept = 0;
    let text = '';
    for (let index = 0; index < length; index++) {
      this.trail.at(index);
      const element = list[index];
      if (index > 0) text += ',';
      text +=
        element === undefined && kept !== undefined && nextKept < kept.length
          ? kept[nextKept++]
          : this.value(element, type);
    }
    this.trail.leave();
    return `[${text}]`;
  }

  set(set: ReadonlySet<unknown>, type: FieldType | undefined): string {
    this.refuseProperties(set, 'Set');
    this.trail.enter(set);
    let text = '';
    let index = 0;
    for (const element of Set.prototype.values.call(set) as Iterable<unknown>) {
      this.trail.at(index);
      text += `${index++ === 0 ? '' : ','}${this.edge(element, type)}`;
    }
    this.trail.leave();
    return `{"$set":[${text}]}`;
  }

  map(map: ReadonlyMap<unknown, unknown>, type: FieldType | undefined): string {
    this.refuseProperties(map, 'Map');
    this.trail.enter(map);
    const atKey = new MapEntry('keys');
    const atValue = new MapEntry('values');
    let text = '';
    let index = 0;
    for (const [key, value] of Map.prototype.entries.call(map) as Iterable<[unknown, unknown]>) {
      atKey.index = atValue.index = index;
      this.trail.at(atKey);
      const keyText = this.edge(key, undefined);
      this.trail.at(atValue);
      const kept = value === undefined ? keptText(map, key) : undefined;
      text += `${index++ === 0 ? '' : ','}[${keyText},${kept ?? this.edge(value, type)}]`;
    }
    this.trail.leave();
    return `{"$map":[${text}]}`;
  }

  date(date: Date): string {
    this.refuseProperties(date, 'Date');
    return `{"$date":${builtin.date.write(date as never)}}`;
  }

  url(url: URL): string {
    this.refuseProperties(url, 'URL');
    return `{"$url":${builtin.url.write(url as never)}}`;
  }

  binary(view: builtin.TypedArray, type: builtin.BuiltinType): string {
    const { byteLength } = view;
    const most = Math.min(MAX_BINARY_BYTES, this.rules.limits.bytes);
    if (byteLength > most) throw refusal.refusedBytes(this.trail.path(), byteLength);
    this.refuseSymbolKeys(view);
    if (builtin.hasNamedProperties(view)) {
      const name = type === builtin.buffer ? 'Buffer' : view[Symbol.toStringTag];
      throw refusal.refusedBinaryProperties(this.trail.path(), name);
    }
    return type.write(view as never);
  }

  private spend(): void {
    if (--this.budget < 0) throw this.tooMany();
  }

  private tooMany(next?: object): Error {
    return (
      this.trail.cycle(next) ?? refusal.refusedSize(this.trail.path(), this.rules.limits.nodes)
    );
  }

  private refuseSymbolKeys(value: object): void {
    const symbol = getOwnPropertySymbols(value).find((key) =>
      Object.prototype.propertyIsEnumerable.call(value, key),
    );
    if (symbol !== undefined) throw refusal.refusedSymbolKey(this.trail.pathOf(symbol));
  }

  /** Of an object whose data does not lie in properties, so that none would be stored. */
  private refuseProperties(value: object, type: string): void {
    this.refuseSymbolKeys(value);
    const [name] = keysOf(value);
    if (name === undefined) return;
    throw refusal.refusedProperty(this.trail.pathOf(name), type);
  }
}
