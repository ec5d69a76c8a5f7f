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

/** Turns the stored form of one version into the form of the next: see `upgrade`. */
// oxlint-disable-next-line typescript/no-explicit-any -- the form of a class that is gone has no type
export type SessionTypeUpgrade = (old: any) => unknown;

/** How the module stores a class, and how it checks a stored value when it is read. */
export interface SessionTypeOptions<T = object, S = unknown> {
  /**
   * The name that is stored beside the fields. Default: the name of the class, which must have three
   * letters or more. Give a name if you want to rename the class later, or if a build shortens names. A
   * name must not end in `@` and a number, because versions are stored like that.
   */
  name?: string;
  /** The earlier names of this type. Values under these names belong to the type. */
  from?: readonly string[];
  /**
   * The file of the class: `import.meta.url` or `__filename`. Two classes under one name are an error,
   * unless a watcher or a test has evaluated the same class again. Then the second takes the place of the
   * first. Classes are the same if both name the same file (without its query). Without this option, they
   * are the same if the library was evaluated again too, as by `jest.resetModules()`, and both have the
   * same text. If a class is built twice (ES and CommonJS), give both builds the same text here.
   */
  definedIn?: string;
  /**
   * The version of the fields, a whole number. Raise it when stored values must change to fit the class.
   * Default 1. A type without a version has version 1 too. A value of a newer version than this build knows
   * reads as `undefined`, and is written back as it was stored.
   */
  version?: number;
  /**
   * A step for each earlier version, to the next one. A step gets a plain object with the stored fields,
   * under their stored names, and returns such an object for the next version. If the type has `serialize`
   * and `revive`, a step gets and returns the form that `serialize` returned. Dates, maps and the like are real dates and maps. A nested value of a registered type is an instance, upgraded
   * to its newest version. A nested value whose class only `@Type` names is a plain object of version 1.
   * A step may change the object and return it.
   */
  upgrade?: Readonly<Record<number, SessionTypeUpgrade>>;
  /**
   * Returns the form in which an instance is stored, for a class with `#private` fields or a class that
   * needs its constructor. It may return anything that a session can store. It needs `revive` too.
   */
  serialize?: (value: T) => S;
  /** Makes an instance of the stored form. If it throws, the value reads as `undefined` and is kept. */
  revive?: (stored: S) => T;
  /** Whether a value is checked by class-validator when it is read. Default `false`. */
  validate?: boolean;
  /**
   * Checks a value when it is read, after `validate`. It gets the instance. The module puts its result
   * (with defaults and conversions) into that instance. It must answer at once, without a promise.
   */
  schema?: StandardSchema;
  /**
   * What happens to a value that is not valid. Default `'drop'`: the value is gone, with an event and a
   * warning. `'throw'`: reading it is a `SESSION_INVALID` error, also if `upgrade` or `revive` throws. A
   * function gives another value, or `undefined` to drop the value.
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
