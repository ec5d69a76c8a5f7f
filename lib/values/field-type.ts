import { isDate } from 'node:util/types';
import { dateOf, PlatformDate } from './builtin-types.js';
import type { ClassPlan } from './class-plan.js';
import type { TypeMetadata } from './class-metadata.js';
import { hiddenState, type ClassFunction } from './class-source.js';
import { registeredType } from './type-registry.js';

/** What a field's `@Type` says about its value, or about each element of its value. */
export interface FieldType {
  /** Set for `String`, `Number`, `Boolean`, `Date` and `Buffer`: class-transformer converts. */
  readonly convert?: (value: unknown) => unknown;
  /** The plan for an object with this prototype, if the type alone makes its class known. */
  readonly planToWrite: (prototype: object | null) => ClassPlan | undefined;
  /** The plan for a stored object that carries no tag. */
  readonly planToRevive: (stored: Readonly<Record<string, unknown>>) => ClassPlan | undefined;
  readonly discriminator?: {
    readonly property: string;
    readonly keep: boolean;
    /** The names that stand for the class of this prototype. */
    readonly namesOf: (prototype: object) => readonly string[];
  };
  /** The field is declared as one, so a list or an object stored for it becomes one. */
  readonly container?: 'Map' | 'Set';
  /** The type of the elements, where it is not this one. */
  readonly element?: FieldType;
}

/** Finds the plan of a class; handed in, because plans are made of field types. */
export type PlanFinder = (cls: ClassFunction) => ClassPlan | undefined;

const isGiven = (value: unknown): boolean => value !== null && value !== undefined;

const conversions: ReadonlyMap<unknown, (value: unknown) => unknown> = new Map<
  unknown,
  (value: unknown) => unknown
>([
  [String, (value) => (isGiven(value) ? String(value) : value)],
  [Number, (value) => (isGiven(value) ? Number(value) : value)],
  [Boolean, (value) => (isGiven(value) ? Boolean(value) : value)],
  [
    PlatformDate,
    (value) =>
      isGiven(value) && !isDate(value)
        ? dateOf(new PlatformDate(value as string | number).getTime())
        : value,
  ],
  [
    Buffer,
    (value) => (isGiven(value) && !Buffer.isBuffer(value) ? Buffer.from(value as string) : value),
  ],
]);

const none = (): undefined => undefined;

/**
 * Reads a field's `@Type` into a function that gives its type for a given owner: a type function
 * that takes an argument may decide by it, any other one is asked once.
 */
export function fieldTypeOf(
  metadata: TypeMetadata | undefined,
  property: string,
  findPlan: PlanFinder,
): ((owner: object) => FieldType | undefined) | undefined {
  if (metadata === undefined) return undefined;
  const { typeFunction } = metadata;
  if (typeFunction === undefined || typeFunction.length === 0) {
    let type: FieldType | undefined;
    let isResolved = false;
    return (owner) => {
      if (!isResolved) {
        const target = typeFunction?.({ newObject: {}, object: owner, property });
        type = resolve(
          typeFunction === undefined ? metadata.reflectedType : target,
          metadata,
          findPlan,
        );
        isResolved = true;
      }
      return type;
    };
  }
  // Many write `@Type(type => Photo)`, so the types themselves are remembered all the same.
  const types = new WeakMap<object, FieldType | undefined>();
  return (owner) => {
    const target = typeFunction({ newObject: {}, object: owner, property });
    if (typeof target !== 'function') return resolve(target, metadata, findPlan);
    if (!types.has(target)) types.set(target, resolve(target, metadata, findPlan));
    return types.get(target);
  };
}

function resolve(
  target: unknown,
  metadata: TypeMetadata,
  findPlan: PlanFinder,
): FieldType | undefined {
  const { reflectedType } = metadata;
  const type = typeOf(target, metadata, findPlan);
  if (reflectedType !== Map && reflectedType !== Set) return type;
  const element = type ?? { planToWrite: none, planToRevive: none };
  return { ...element, element, container: reflectedType === Map ? 'Map' : 'Set' };
}

function typeOf(
  target: unknown,
  metadata: TypeMetadata,
  findPlan: PlanFinder,
): FieldType | undefined {
  const convert = conversions.get(target === Date ? PlatformDate : target);
  if (convert !== undefined) return { convert, planToWrite: none, planToRevive: none };
  const base = isPlannable(target) ? target : undefined;
  const { property, subTypes } = metadata.options?.discriminator ?? {};
  if (property !== undefined && subTypes !== undefined) {
    const keep = metadata.options?.keepDiscriminatorProperty === true;
    return discriminated(base, property, keep, subTypes, findPlan);
  }
  if (base === undefined) return undefined;
  // Asked for once: to find it is a look-up in a weak map, at every object of every list.
  let plan: ClassPlan | undefined;
  const planOfBase = (): ClassPlan | undefined => (plan ??= findPlan(base));
  return {
    // A literal in the place of an instance is treated as one, as class-transformer does.
    planToWrite: (prototype) =>
      prototype === base.prototype || prototype === Object.prototype ? planOfBase() : undefined,
    planToRevive: planOfBase,
  };
}

/** class-transformer's `discriminator`: a property beside the fields names the class. */
function discriminated(
  base: ClassFunction | undefined,
  property: string,
  keep: boolean,
  subTypes: readonly { readonly value: ClassFunction; readonly name: string }[],
  findPlan: PlanFinder,
): FieldType {
  const known = subTypes.filter(({ value }) => isPlannable(value));
  const subTypeOf = (prototype: object | null): (typeof known)[number] | undefined =>
    known.find(({ value }) => value.prototype === prototype);
  return {
    planToWrite: (prototype) => {
      const cls = subTypeOf(prototype)?.value;
      return cls && findPlan(cls);
    },
    planToRevive: (stored) => {
      const name = Object.hasOwn(stored, property) ? stored[property] : undefined;
      const cls = known.find((subType) => subType.name === name)?.value ?? base;
      return cls && findPlan(cls);
    },
    discriminator: {
      property,
      keep,
      namesOf: (prototype) =>
        known.filter(({ value }) => value.prototype === prototype).map(({ name }) => name),
    },
  };
}

/** True for a class whose fields are all there is to it, or which says itself how it is stored. */
function isPlannable(target: unknown): target is ClassFunction {
  if (typeof target !== 'function' || target === Object) return false;
  const prototype: unknown = target.prototype;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return (
    registeredType(prototype)?.form !== undefined ||
    hiddenState(target as ClassFunction) === undefined
  );
}
