import type { ClassTransformOptions } from 'class-transformer';
import type { ClassPlan } from './class-plan.js';
import type { MetadataStorage, Selection, TransformMetadata } from './class-metadata.js';
import { TO_PLAIN } from './class-transformer.js';
import type { ClassFunction } from './class-source.js';
import { accessorsOf } from './closed-instance.js';
import type { Encoder } from './encoder.js';
import type { Mark } from './encoder-options.js';
import { fieldTypeOf, type FieldType, type PlanFinder } from './field-type.js';
import type { Reviver } from './plan-to-revive.js';
import { refusedName, refusedOwnAccessor } from './refusal.js';
import { keptText } from './unknown-types.js';

/** One field on its way into the text. */
interface WriteStep {
  readonly key: string;
  readonly name: string;
  /** The stored name with its quotes and colon. */
  readonly label: string;
  /** Another field is stored under this name: of the two, only one would come back. */
  readonly isNameTaken: boolean;
  readonly isExposed: boolean;
  readonly typeFor: ((owner: object) => FieldType | undefined) | undefined;
  readonly transforms: readonly TransformMetadata[];
  /** What they see as class-transformer's options. */
  readonly options: Readonly<ClassTransformOptions>;
  /** Set where the field may come back as another value. */
  readonly mark: Mark | undefined;
  /** What a new instance has there: nothing, a field that is `undefined`, or a field with a value. */
  initial: 'none' | 'undefined' | 'value' | undefined;
}

/** Remembered per class; an instance used as a dictionary must not make this grow for ever. */
const MAX_STEPS = 256;

export function compileWriter(
  cls: ClassFunction,
  storage: MetadataStorage,
  selection: Selection,
  findPlan: PlanFinder,
  { takes, make }: Pick<Reviver, 'takes'> & { readonly make: () => object },
): Pick<ClassPlan, 'write' | 'keyOf'> {
  const exposed = new Set(storage.getExposedProperties(cls, TO_PLAIN));
  const excluded = new Set(storage.getExcludedProperties(cls, TO_PLAIN));
  const writesAll = storage.getStrategy(cls) !== 'excludeAll';

  /** The exposed fields by the names under which they are stored. */
  const fieldByName = new Map<string, string>();

  /** `undefined` for a field that is not stored. */
  const compileStep = (key: string): WriteStep | undefined => {
    const expose = storage.findExposeMetadata(cls, key);
    if (excluded.has(key) || (expose !== undefined && !selection.includes(expose)))
      return undefined;
    const name = expose?.options?.name ?? key;
    if (exposed.has(key) && !fieldByName.has(name)) fieldByName.set(name, key);
    // What is not read, such as what a getter shows, is not stored either.
    if (!takes(name)) return undefined;
    const transforms = storage
      .findTransformMetadatas(cls, key, TO_PLAIN)
      .filter((metadata) => selection.includes(metadata));
    const isTransformedBothWays = transforms.some(({ options }) => options?.toPlainOnly !== true);
    return {
      key,
      name,
      label: `${JSON.stringify(name)}:`,
      isNameTaken: (fieldByName.get(name) ?? key) !== key,
      isExposed: exposed.has(key),
      typeFor: fieldTypeOf(storage.findTypeMetadata(cls, key), key, findPlan),
      transforms,
      options: selection.options,
      mark: isTransformedBothWays ? { key, remedy: 'transform' } : undefined,
      initial: undefined,
    };
  };

  const steps = new Map<string, WriteStep | undefined>();
  const stepFor = (key: string): WriteStep | undefined => {
    if (steps.has(key)) return steps.get(key);
    const step = compileStep(key);
    if (steps.size < MAX_STEPS) steps.set(key, step);
    return step;
  };

  const exposedSteps = [...exposed].map(compileStep).filter((step) => step !== undefined);

  /** A new instance, if one can be made. */
  let made: object | undefined;
  const aNewOne = (): object => {
    try {
      return (made ??= make());
    } catch {
      return (made = {});
    }
  };
  const initialOf = (step: WriteStep): WriteStep['initial'] => {
    const one = aNewOne() as Record<string, unknown>;
    if (one[step.key] !== undefined) return (step.initial ??= 'value');
    return (step.initial ??= Object.hasOwn(one, step.key) ? 'undefined' : 'none');
  };
  /** Whether a field that is `undefined` is as a new instance has it: then it need not be stored. */
  const isUnset = (step: WriteStep, instance: object): boolean => {
    if (step.transforms.length > 0 || keptText(instance, step.key) !== undefined) return false;
    const initial = initialOf(step);
    return initial === 'undefined' || (initial === 'none' && !Object.hasOwn(instance, step.key));
  };

  /** The fields in which a new instance has a value: one that lacks them is not to get it. */
  let initialSteps: readonly WriteStep[] = [];

  /** Of the accessors that instances have of their own, those with a setter. */
  let ownMarks: readonly Mark[] | undefined;
  let ownAccessors: ReadonlySet<string> = NO_ACCESSORS;
  const lookAt = (instance: object, encoder: Encoder): void => {
    ownAccessors = accessorsOf(instance);
    const remade = ownAccessors.size === 0 ? NO_ACCESSORS : accessorsOf(aNewOne());
    for (const key of ownAccessors) {
      const own = Object.getOwnPropertyDescriptor(instance, key)!;
      if (own.enumerable !== true) continue;
      if (!remade.has(key)) throw refusedOwnAccessor(encoder.trail.pathOf(key), cls);
      if (own.set !== undefined) ownMarks = [...(ownMarks ?? []), { key, remedy: 'accessor' }];
    }
    const one = aNewOne();
    initialSteps = Object.keys(one)
      .filter((key) => !accessorsOf(one).has(key))
      .map(stepFor)
      .filter((step) => step !== undefined)
      .filter((step) => initialOf(step) === 'value');
    ownMarks ??= [];
  };

  const write = (instance: object, encoder: Encoder): string => {
    if (ownMarks === undefined) lookAt(instance, encoder);
    let text = '';
    let count = 0;
    let initialCount = 0;
    let marks = ownMarks;
    const add = (step: WriteStep): void => {
      if ((instance as Record<string, unknown>)[step.key] === undefined && isUnset(step, instance))
        return;
      if (step.mark !== undefined) marks = [...(marks ?? []), step.mark];
      text += `${count++ === 0 ? '' : ','}${writeStep(step, instance, encoder)}`;
    };
    if (writesAll) {
      for (const key of Object.keys(instance)) {
        if (ownAccessors.has(key)) continue;
        const step = steps.get(key) ?? stepFor(key);
        if (step === undefined) continue;
        if (step.initial === 'value') initialCount++;
        add(step);
      }
      if (initialCount < initialSteps.length) {
        for (const step of initialSteps) {
          if (!step.isExposed && !Object.hasOwn(instance, step.key)) add(step);
        }
      }
    }
    for (const step of exposedSteps) {
      if (writesAll && Object.hasOwn(instance, step.key)) continue;
      add(step);
    }
    encoder.fieldCount = count;
    const { marks: taker } = encoder.options;
    if (taker === undefined || marks === undefined || marks.length === 0) return `{${text}}`;
    return `{${text}${taker.note(instance, marks, (key) => (encoder.trail.at(key), encoder.trail.path()))}}`;
  };
  return { write, keyOf: (name) => fieldByName.get(name) ?? name };
}

const NO_ACCESSORS: ReadonlySet<string> = new Set();

function writeStep(step: WriteStep, instance: object, encoder: Encoder): string {
  const { key, transforms, typeFor, options } = step;
  encoder.trail.at(key);
  if (step.isNameTaken) throw refusedName(encoder.trail.path(), step.name, 'another field');
  const original = (instance as Record<string, unknown>)[key];
  if (original === undefined) {
    const kept = keptText(instance, key);
    if (kept !== undefined) return step.label + kept;
  }
  let value = original;
  for (const { transformFn } of encoder.isBare ? [] : transforms) {
    value = transformFn({
      value,
      key,
      obj: instance,
      type: TO_PLAIN,
      options,
    });
  }
  // An exposed method is stored as what it returns. A function that no one exposed is refused.
  if (step.isExposed && value === original && typeof original === 'function') {
    value = Reflect.apply(original, instance, []) as unknown;
  }
  return step.label + encoder.edge(value, typeFor?.(instance));
}
