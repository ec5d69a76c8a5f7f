import { inspect } from 'node:util';
import { SessionError } from '../session.errors.js';
import { TYPED_ARRAYS } from './builtin-types.js';
import { hiddenState, type ClassFunction } from './class-source.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';
import type { SessionTypeIssue } from './type-check.js';

/** A class: anything with a prototype and a name, its constructor public or not. */
export interface SessionClass<T = unknown> {
  readonly name: string;
  readonly prototype: T;
}

/** Makes the form of one version into that of the next; what it gets is described at `upgrade`. */
// oxlint-disable-next-line typescript/no-explicit-any -- the form of a class that is gone has no type
export type SessionTypeUpgrade = (old: any) => unknown;

/** How a class is stored, and what is asked of a stored value when it is read. */
export interface SessionTypeOptions<T = object, S = unknown> {
  /**
   * The name that is stored beside the fields. Default: the name of the class, where it has three
   * letters or more. Give one to rename the class later, or where a build shortens names. It does not
   * end in `@` and a number, which is how versions are stored.
   */
  name?: string;
  /** Earlier names of this type. Values that were stored under one of them are this type's. */
  from?: readonly string[];
  /**
   * Where the class is defined: `import.meta.url` or `__filename`. Two classes under one name are an
   * error, unless the second is the first, evaluated again by a watcher or a test: then it takes the
   * place of the first. It is where both name the same file (a query is left out). Without this option
   * it is where the library was evaluated again too, as by `jest.resetModules()`, and both classes have
   * the same text. Two builds of one class (ES and CommonJS) need one text in common.
   */
  definedIn?: string;
  /**
   * A whole number that is raised when stored values have to be changed to fit the class. Default 1,
   * which is what a type was before it had a version. A value of a newer version than this build
   * knows reads as `undefined`, and is written back as it was stored.
   */
  version?: number;
  /**
   * A step for each earlier version, to the one after it. A step gets what was stored and returns
   * what would be stored by the next version: for a class a plain object of its fields, by the names
   * under which they are stored, for a class with a form of its own what `serialize` returned. Dates,
   * maps and the like are real dates and maps. A nested value of a registered type is an instance, upgraded
   * to its newest version. A nested value whose class only `@Type` names is a plain object of version 1.
   * A step may change the object and return it.
   */
  upgrade?: Readonly<Record<number, SessionTypeUpgrade>>;
  /**
   * A hand-written form, for a class with `#private` fields or one that needs its constructor.
   * May return anything that a session stores. Both of `serialize` and `revive`, or neither.
   */
  serialize?: (value: T) => S;
  /** The way back. What it throws makes the stored value unknown: it is kept, and not read. */
  revive?: (stored: S) => T;
  /** Whether a value is checked by class-validator when it is read. Default `false`. */
  validate?: boolean;
  /**
   * Checks a value when it is read, after `validate`. It is given the instance. What it returns
   * (defaults, conversions) is put into that instance, field by field. It must answer at once.
   */
  schema?: StandardSchema;
  /**
   * What becomes of a value that is not valid. Default `'drop'`: it is as if it had not been stored,
   * which an event and the log tell. `'throw'`: reading it is a `SESSION_INVALID` error, and so it is
   * where `upgrade` or `revive` throw. A function gives another value, or `undefined` to drop it.
   */
  onInvalid?: 'drop' | 'throw' | ((value: T, issues: readonly SessionTypeIssue[]) => T | undefined);
}

export const config = (message: string): SessionError =>
  new SessionError('SESSION_CONFIG', message);

export function checkedClass(value: unknown): ClassFunction {
  if (typeof value !== 'function' || typeof value.prototype !== 'object' || !value.prototype) {
    throw config(
      `A session type must be a class; ${value === null ? 'null' : typeof value === 'function' ? `the function ${value.name}` : `a value of the type ${typeof value}`} is none.`,
    );
  }
  return value as unknown as ClassFunction;
}

/** Types with a stored form of their own, and those that no form could bring back. */
const BUILT_IN: ReadonlySet<unknown> = new Set<unknown>([
  Object,
  Function,
  Array,
  Map,
  Set,
  Date,
  URL,
  Buffer,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Promise,
  Object.getPrototypeOf(Uint8Array),
  ...TYPED_ARRAYS,
]);

/** A class's hand-written form. */
export interface OwnForm {
  readonly serialize: (value: unknown) => unknown;
  readonly revive: (stored: unknown) => unknown;
}

export function checkedForm(
  cls: ClassFunction,
  { serialize, revive }: SessionTypeOptions<unknown>,
): OwnForm | undefined {
  if (BUILT_IN.has(cls)) throw config(`${cls.name} is built in and cannot be a session type.`);
  if (serialize === undefined && revive === undefined) return undefined;
  if (typeof serialize !== 'function' || typeof revive !== 'function') {
    const missing = typeof serialize === 'function' ? 'revive' : 'serialize';
    throw config(
      `The session type ${cls.name} needs both serialize and revive; ${missing} is not a function.`,
    );
  }
  return { serialize, revive };
}

/** Refuses a class with state that its fields do not show. */
export function checkFieldsAreAll(cls: ClassFunction): void {
  const reason = hiddenState(cls);
  if (reason === undefined) return;
  throw config(
    `The class ${cls.name} ${reason}. Register it with a form of its own: registerSessionType(${cls.name}, { serialize, revive }).`,
  );
}

// oxlint-disable-next-line no-control-regex -- these are what it refuses
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** `name@3` is how version 3 of a type is stored. */
const VERSIONED = /@\d+$/;

export function checkedName(cls: ClassFunction, name: unknown): string {
  if (name === '') {
    throw config('A class without a name needs one as a session type: give the option name.');
  }
  if (typeof name !== 'string' || CONTROL.test(name)) {
    throw config(
      `The name of the session type ${cls.name} must be a string without control characters, not ${JSON.stringify(name)}.`,
    );
  }
  if (VERSIONED.test(name)) {
    throw config(
      `The name of the session type ${JSON.stringify(name)} ends like a version. Give the option version.`,
    );
  }
  return name;
}

const MIN_CLASS_NAME = 3;

/** A minifier calls another class so with the next build, and stored values would be taken for its. */
export function checkClassName({ name }: ClassFunction): void {
  if (name.length >= MIN_CLASS_NAME) return;
  throw config(
    `The class ${name} has a name as minifiers make them, which another class may have in the next build. Give the session type a name of its own: @SessionType('name').`,
  );
}

export function checkedNames(cls: ClassFunction, from: unknown): string[] {
  if (from === undefined) return [];
  if (!Array.isArray(from)) {
    throw config(`The option from of the session type ${cls.name} must be a list of names.`);
  }
  return from.map((name) => checkedName(cls, name));
}

export function checkDefinedIn(cls: ClassFunction, definedIn: unknown): void {
  if (definedIn === undefined || (typeof definedIn === 'string' && definedIn !== '')) return;
  throw config(
    `The option definedIn of the session type ${cls.name} must be import.meta.url, __filename or another text.`,
  );
}

export function checkedVersion(cls: ClassFunction, version: unknown): number {
  if (version === undefined) return 1;
  if (Number.isSafeInteger(version) && (version as number) >= 1) return version as number;
  throw config(
    `The version of the session type ${cls.name} must be a whole number from 1 on, not ${inspect(version)}.`,
  );
}

/** The steps from version 1 on, in order. */
export function checkedUpgrades(
  cls: ClassFunction,
  upgrade: Readonly<Record<number, unknown>> = {},
  version: number,
): SessionTypeUpgrade[] {
  const steps: SessionTypeUpgrade[] = [];
  for (let from = 1; from < version; from++) {
    const step = upgrade[from];
    if (typeof step !== 'function') {
      throw config(
        `The session type ${cls.name} is at version ${version} and has no step from version ${from}: give the option upgrade: { ${from}: (old) => … }.`,
      );
    }
    steps.push(step as SessionTypeUpgrade);
  }
  const extra = Object.keys(upgrade).find((from) => steps[Number(from) - 1] === undefined);
  if (extra === undefined) return steps;
  throw config(
    `The session type ${cls.name} is at version ${version} and has a step from version ${extra}, which would never run. Raise the version, or remove the step.`,
  );
}

export function checkChecks(cls: ClassFunction, options: SessionTypeOptions<unknown>): void {
  const { validate, schema, onInvalid } = options;
  if (validate !== undefined && typeof validate !== 'boolean') {
    throw config(`The option validate of the session type ${cls.name} must be true or false.`);
  }
  if (schema !== undefined && !isStandardSchema(schema)) {
    throw config(
      `The schema of the session type ${cls.name} is none that follows Standard Schema, version 1 (zod from 3.24, valibot from 1, arktype from 2).`,
    );
  }
  if (onInvalid === undefined || typeof onInvalid === 'function') return;
  if (onInvalid !== 'drop' && onInvalid !== 'throw') {
    throw config(
      `The option onInvalid of the session type ${cls.name} must be 'drop', 'throw' or a function.`,
    );
  }
}
