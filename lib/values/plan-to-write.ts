import type { ClassTransformOptions } from 'class-transformer';
import type { MetadataStorage, Selection, TransformMetadata } from './class-metadata.js';
import { TO_PLAIN } from './class-transformer.js';
import type { ClassFunction } from './class-source.js';
import type { Encoder } from './encoder.js';
import { fieldTypeOf, type FieldType, type PlanFinder } from './field-type.js';
import { refusedName } from './refusal.js';
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
}

/** Remembered per class; an instance used as a dictionary must not make this grow for ever. */
const MAX_STEPS = 256;

export function compileWriter(
  cls: ClassFunction,
  storage: MetadataStorage,
  selection: Selection,
  findPlan: PlanFinder,
): (instance: object, encoder: Encoder) => string {
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
    return {
      key,
      name,
      label: `${JSON.stringify(name)}:`,
      isNameTaken: (fieldByName.get(name) ?? key) !== key,
      isExposed: exposed.has(key),
      typeFor: fieldTypeOf(storage.findTypeMetadata(cls, key), key, findPlan),
      transforms: storage
        .findTransformMetadatas(cls, key, TO_PLAIN)
        .filter((metadata) => selection.includes(metadata)),
      options: selection.options,
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

  return (instance, encoder) => {
    let text = '';
    if (writesAll) {
      for (const key of Object.keys(instance)) {
        const step = steps.get(key) ?? stepFor(key);
        if (step !== undefined)
          text += `${text === '' ? '' : ','}${writeStep(step, instance, encoder)}`;
      }
    }
    for (const step of exposedSteps) {
      if (writesAll && Object.hasOwn(instance, step.key)) continue;
      text += `${text === '' ? '' : ','}${writeStep(step, instance, encoder)}`;
    }
    return `{${text}}`;
  };
}

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
  for (const { transformFn } of transforms) {
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
