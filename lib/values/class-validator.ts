import { SessionError } from '../session.errors.js';
import type { ClassFunction } from './class-source.js';
import * as packages from './packages.cjs';
import type { Check, Issue } from './type-check.js';

/** What class-validator says of one property, and of what lies below it. */
interface ValidationError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly ValidationError[];
}

/** What is used of the package. */
interface ClassValidator {
  readonly Validator: new () => object;
  readonly getMetadataStorage: () => {
    getTargetValidationMetadatas(
      cls: ClassFunction,
      schema: string,
      always: boolean,
      strictGroups: boolean,
    ): readonly { readonly constraintCls?: unknown }[];
    getTargetValidatorConstraints(constraint: unknown): readonly { readonly async?: boolean }[];
  };
  /** What `validateSync` runs, which alone shows the promises that it leaves behind. */
  readonly ValidationExecutor: new (
    validator: object,
    options: object | undefined,
  ) => {
    readonly awaitingPromises: readonly Promise<unknown>[];
    execute(instance: object, schema: string, errors: ValidationError[]): void;
    stripEmptyErrors(errors: ValidationError[]): readonly ValidationError[];
  };
}

/**
 * Checks instances by the decorators of class-validator on their class. Loaded when the first class
 * asks for it, with `require`: registering a class is synchronous, and in CommonJS or behind a bundler
 * it is the copy that the application has. (class-validator keeps its metadata in one place for all copies.)
 *
 * @throws SessionError `SESSION_CONFIG` where it is not installed, or the class has none of its decorators
 */
export function checkByClassValidator(name: string, cls: ClassFunction): Check {
  const { Validator, ValidationExecutor, getMetadataStorage } = load(name);
  const storage = getMetadataStorage();
  const metadata = storage.getTargetValidationMetadatas(cls, '', false, false);
  if (metadata.length === 0) {
    // class-validator would refuse every instance, and all stored values of the type be dropped.
    throw new SessionError(
      'SESSION_CONFIG',
      `The session type ${JSON.stringify(name)} says validate: true, and its class has no decorators of class-validator. Give its fields some, or remove the option.`,
    );
  }
  for (const { constraintCls } of metadata) {
    if (storage.getTargetValidatorConstraints(constraintCls).some((one) => one.async === true)) {
      throw asynchronous(name);
    }
  }
  const validator = new Validator();
  return (instance) => {
    const executor = new ValidationExecutor(validator, undefined);
    const errors: ValidationError[] = [];
    try {
      executor.execute(instance as object, '', errors);
    } finally {
      // Nobody waits for them: what one is rejected with must not end the process.
      for (const promise of executor.awaitingPromises) promise.catch(() => undefined);
    }
    if (executor.awaitingPromises.length > 0) throw asynchronous(name);
    const issues = executor.stripEmptyErrors(errors).flatMap((error) => issuesOf(error, []));
    return issues.length === 0 ? { value: instance } : { issues };
  };
}

function issuesOf(error: ValidationError, above: readonly PropertyKey[]): Issue[] {
  const keys = [...above, /^\d+$/.test(error.property) ? Number(error.property) : error.property];
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    keys,
    message,
    rule,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => issuesOf(child, keys))];
}

function load(name: string): ClassValidator {
  const loaded = packages.classValidator();
  if ('exports' in loaded) return loaded.exports as ClassValidator;
  throw new SessionError(
    'SESSION_CONFIG',
    `The session type ${JSON.stringify(name)} says validate: true, which needs class-validator: npm install class-validator.`,
    { cause: loaded.cause },
  );
}

function asynchronous(name: string): SessionError {
  return new SessionError(
    'SESSION_CONFIG',
    `The session type ${JSON.stringify(name)} says validate: true, and a constraint of class-validator on it answers with a promise, while a session is read at once. Leave asynchronous constraints out of the class; a handler or a guard may do them.`,
  );
}
