import { Logger } from '@nestjs/common';
import { Selection, type MetadataStorage } from './class-metadata.js';
import { privateMembers, takesNoArguments, type ClassFunction } from './class-source.js';
import { publicFunctions } from './class-transformer.js';
import { isOpen } from './closed-instance.js';
import type { Decoder } from './decoder.js';
import type { Encoder } from './encoder.js';
import type { PlanFinder } from './field-type.js';
import { compileReviver } from './plan-to-revive.js';
import { compileWriter } from './plan-to-write.js';
import { refusedClosed } from './refusal.js';
import type { JsonObject } from './tags.js';
import type { Trail } from './trail.js';
import { registeredType, type RegisteredType } from './type-registry.js';
import { UNKNOWN } from './unknown-types.js';

/**
 * How the fields of a class are written and read, compiled once from class-transformer's
 * metadata. What it does with a field is what class-transformer's executor does with its default
 * options, but for three things: rich types inside stay what they are, setters do not run, and a
 * field that was not stored keeps what the initialiser gave it.
 */
export interface ClassPlan {
  /** The class, for messages. */
  readonly name: string;
  /** As what the class is registered, if it is: a field's `@Type` may name one that is not. */
  readonly type: RegisteredType | undefined;
  /** The fields as the text of a JSON object. */
  readonly write: (instance: object, encoder: Encoder) => string;
  /** The field that is stored under a name. */
  readonly keyOf: (name: string) => string;
  /** An instance with the stored fields. Throws what the class's own code throws. */
  readonly revive: (stored: JsonObject, decoder: Decoder) => unknown;
}

/**
 * @param findPlan Gives the plans of the classes that its fields name.
 * @param selection Which decorators apply.
 */
export function compilePlan(
  cls: ClassFunction,
  findPlan: PlanFinder,
  storage: MetadataStorage | undefined,
  selection: Selection = new Selection(),
): ClassPlan {
  if (storage === undefined) return publicPlan(cls, selection);
  const make = makerOf(cls);
  const { revive, takes } = compileReviver(cls, storage, selection, findPlan, make);
  const plan: ClassPlan = {
    name: cls.name,
    type: registeredType(cls.prototype as object),
    ...compileWriter(cls, storage, selection, findPlan, { takes, make }),
    revive,
  };
  return privateMembers(cls) === undefined ? plan : withPrivateMethods(cls, plan, make);
}

/**
 * Only its constructor gives an instance its private methods, so there is no other that could take
 * the fields of one that the constructor closed.
 */
function withPrivateMethods(cls: ClassFunction, plan: ClassPlan, make: () => object): ClassPlan {
  let takesFields: boolean | undefined;
  const mustTakeFields = (trail?: Trail): void => {
    takesFields ??= isOpen(make());
    if (!takesFields) throw refusedClosed(cls, trail?.path() ?? 'A stored value');
  };
  return {
    ...plan,
    write: (instance, encoder) => {
      mustTakeFields(encoder.trail);
      return plan.write(instance, encoder);
    },
    revive: (stored, decoder) => {
      mustTakeFields();
      return plan.revive(stored, decoder);
    },
  };
}

/**
 * A constructor that takes arguments would see none of them, and might fail or store half a
 * value: such a class is built on its prototype.
 */
function makerOf(cls: ClassFunction): () => object {
  if (!takesNoArguments(cls)) return () => Object.create(cls.prototype as object) as object;
  const constructable = cls as unknown as new () => object;
  return () => new constructable();
}

let hasWarned = false;

/** By class-transformer's public functions, for a release of it whose storage is not found. */
function publicPlan(cls: ClassFunction, { options }: Selection): ClassPlan {
  if (!hasWarned) {
    hasWarned = true;
    new Logger('Session').warn(
      "The metadata of class-transformer was not found where this package expects it. Classes are converted by class-transformer's own functions: slower, and a Map, a Set or a URL inside a class is stored as class-transformer writes it. Install class-transformer 0.5.",
    );
  }
  const { instanceToPlain, plainToInstance } = publicFunctions();
  return {
    name: cls.name,
    type: registeredType(cls.prototype as object),
    keyOf: (name) => name,
    write: (instance, encoder) => encoder.fields(instanceToPlain(instance, options)),
    revive: (stored, decoder) => {
      const unknownsBefore = decoder.unknowns;
      const fields = decoder.fields(stored);
      // What is unknown could not be kept for the instance, so the whole of it is.
      if (decoder.unknowns !== unknownsBefore) return UNKNOWN;
      return plainToInstance(cls as unknown as new () => object, fields, options);
    },
  };
}
