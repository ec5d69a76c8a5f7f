import type { ClassTransformOptions } from 'class-transformer';
import type { MetadataStorage, Selection, TransformMetadata } from './class-metadata.js';
import type { ClassFunction } from './class-source.js';
import { TO_INSTANCE, TO_PLAIN } from './class-transformer.js';
import { accessorsOf, closeLike, isOpen, openCopy } from './closed-instance.js';
import type { Decoder } from './decoder.js';
import { fieldTypeOf, type FieldType, type PlanFinder } from './field-type.js';
import type { JsonObject } from './tags.js';
import { DROPPED, keepUnknown, passKept, UNKNOWN } from './unknown-types.js';

/** One stored field on its way into the instance. */
interface ReviveStep {
  /** The name under which it is stored. */
  readonly name: string;
  readonly property: string;
  readonly typeFor: ((stored: object) => FieldType | undefined) | undefined;
  readonly transforms: readonly TransformMetadata[];
  /** What they see as class-transformer's options. */
  readonly options: Readonly<ClassTransformOptions>;
  /** Neither type nor transforms: a string or a number is what it is. */
  readonly isBare: boolean;
  /** Assigning would run a setter, or fail: the property is defined instead. */
  readonly isDefined: boolean;
}

/** Remembered per class; an instance used as a dictionary must not make this grow for ever. */
const MAX_STEPS = 256;

/** How instances of a class are read. */
export interface Reviver {
  readonly revive: (stored: JsonObject, decoder: Decoder) => object;
  /** Whether what is stored under a name is read. */
  readonly takes: (name: string) => boolean;
}

export function compileReviver(
  cls: ClassFunction,
  storage: MetadataStorage,
  selection: Selection,
  findPlan: PlanFinder,
  make: () => object,
): Reviver {
  const computed = new Set(storage.getExposedProperties(cls, TO_PLAIN));
  const excluded = new Set(storage.getExcludedProperties(cls, TO_INSTANCE));
  const readsAll = storage.getStrategy(cls) !== 'excludeAll';
  const exposedNames = new Set(
    storage
      .getExposedProperties(cls, TO_INSTANCE)
      .map((property) => storage.findExposeMetadata(cls, property)?.options?.name ?? property),
  );

  /** `undefined` for a stored field that the class does not take. */
  const compileStep = (name: string): ReviveStep | undefined => {
    if (!readsAll && !exposedNames.has(name)) return undefined;
    const expose = storage.findExposeMetadata(cls, name);
    if (expose !== undefined && !selection.includes(expose)) return undefined;
    const property = storage.findExposeMetadataByCustomName(cls, name)?.propertyName ?? name;
    if (excluded.has(name) || excluded.has(property)) return undefined;
    const inherited = inheritedProperty(cls, property);
    // What a getter or a method gave when it was stored is given by it again.
    const isMethod = typeof inherited?.value === 'function';
    const isAccessor = inherited !== undefined && !('value' in inherited);
    if (computed.has(property) && (isMethod || isAccessor)) return undefined;
    const type = storage.findTypeMetadata(cls, property);
    const transforms = storage
      .findTransformMetadatas(cls, property, TO_INSTANCE)
      .filter((metadata) => selection.includes(metadata));
    return {
      name,
      property,
      typeFor: fieldTypeOf(type, property, findPlan),
      transforms,
      options: selection.options,
      isBare: type === undefined && transforms.length === 0,
      isDefined: property === '__proto__' || isAccessor || inherited?.writable === false,
    };
  };

  const steps = new Map<string, ReviveStep | undefined>();
  const stepFor = (name: string): ReviveStep | undefined => {
    if (steps.has(name)) return steps.get(name);
    const step = compileStep(name);
    if (steps.size < MAX_STEPS) steps.set(name, step);
    return step;
  };

  /** As the last object had its fields: most have the same ones in the same order. */
  const lastSteps: (ReviveStep | undefined)[] = [];
  const stepAt = (index: number, name: string): ReviveStep | undefined => {
    const step = stepFor(name);
    if (index < MAX_STEPS) lastSteps[index] = step;
    return step;
  };

  /** Exposed fields that a transform computes even where nothing was stored. */
  const computedWhenRead = [...exposedNames]
    .map((name) => ({ name, step: compileStep(name) }))
    .filter(({ step }) => step !== undefined && step.transforms.length > 0);

  let opensByItself: boolean | undefined;

  /** What the constructor makes an accessor stays one. */
  let accessors: ReadonlySet<string> | undefined;

  const revive = (stored: JsonObject, decoder: Decoder): object => {
    const made = make();
    // Looked at closely once per class. Should a later instance differ, its first field tells.
    opensByItself ??= isOpen(made);
    accessors ??= accessorsOf(made);
    let instance = opensByItself ? made : openCopy(made);
    let source: object | undefined;
    let index = 0;
    for (const name in stored) {
      let step = lastSteps[index];
      if (step?.name !== name) step = stepAt(index, name);
      index++;
      if (step === undefined || (accessors.size > 0 && accessors.has(step.property))) continue;
      const node = stored[name];
      let value = node;
      if (!step.isBare || (typeof node === 'object' && node !== null)) {
        const unknownsBefore = decoder.unknowns;
        const type = step.typeFor?.(stored);
        value = type === undefined ? decoder.value(node) : decoder.typed(node, type);
        // The field keeps what its initialiser gave it, as one that was not stored.
        if (value === DROPPED) continue;
        if (step.transforms.length > 0) {
          // A transform that saw `undefined` for what is unknown would make it `undefined` for good.
          if (decoder.unknowns !== unknownsBefore) value = UNKNOWN;
          else value = transform(step, value, (source ??= decoder.wholeOf(stored)));
        }
        if (value === UNKNOWN) {
          keepUnknown(instance, step.property, node);
          value = undefined;
        }
      }
      instance = withField(instance, made, step.property, value, step.isDefined);
    }
    for (const { name, step } of computedWhenRead) {
      if (step === undefined || Object.hasOwn(stored, name)) continue;
      const value = transform(step, undefined, (source ??= decoder.wholeOf(stored)));
      if (value !== undefined) instance = withField(instance, made, step.property, value, true);
    }
    if (instance !== made) closeLike(made, instance);
    return instance;
  };
  return { revive, takes: (name) => stepFor(name) !== undefined };
}

function transform(step: ReviveStep, value: unknown, source: object): unknown {
  let result = value;
  for (const { transformFn } of step.transforms) {
    result = transformFn({
      value: result,
      key: step.property,
      obj: source,
      type: TO_INSTANCE,
      options: step.options,
    });
  }
  return result;
}

/** @returns the instance, or from the first field on that the made one does not take, a copy of it */
function withField(
  instance: object,
  made: object,
  property: string,
  value: unknown,
  isDefined: boolean,
): object {
  let taking = instance;
  if (instance === made) {
    try {
      if (isDefined) define(made, property, value);
      else (made as Record<string, unknown>)[property] = value;
      return made;
    } catch (error) {
      if (isOpen(made)) throw error;
      taking = openCopy(made);
      passKept(made, taking);
    }
  }
  define(taking, property, value);
  return taking;
}

function define(instance: object, property: string, value: unknown): void {
  Object.defineProperty(instance, property, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** What an assignment to `property` would meet on the prototypes. */
function inheritedProperty(cls: ClassFunction, property: string): PropertyDescriptor | undefined {
  for (
    let prototype = cls.prototype as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, property);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}
