import { SessionError } from '../session.errors.js';
import { adopted } from './adopted-output.js';
import type { Check } from './type-check.js';

/**
 * What zod, valibot, arktype and others have in common: Standard Schema, version 1
 * (https://standardschema.dev). Spelt out here, so that none of them has to be installed.
 */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Checks a value, and returns it or what is wrong with it. */
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
  };
}

type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  // arktype's schemas are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return standard?.version === 1 && typeof standard.validate === 'function';
}

/** Checks instances by a schema. What it returns for one is put into that instance. */
export function checkBySchema(name: string, schema: StandardSchema): Check {
  return (instance) => {
    const result = schema['~standard'].validate(instance);
    if ('then' in result) {
      // Nobody waits for it: what it is rejected with must not end the process.
      result.then(undefined, () => undefined);
      throw asynchronous(name);
    }
    if (result.issues === undefined) return { value: adopted(instance, result.value) };
    return {
      issues: result.issues.map((issue) => ({
        keys: (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part)),
        message: issue.message,
        rule: ruleOf(issue),
      })),
    };
  };
}

/**
 * Which rule an issue is about: zod and arktype call it `code`, valibot `type`. The message of an
 * issue may quote the value, so it is this that a log shows.
 */
function ruleOf(issue: object): string | undefined {
  const { code, type } = issue as { code?: unknown; type?: unknown };
  const rule = code ?? type;
  return typeof rule === 'string' && /^\w{1,40}$/.test(rule) ? rule : undefined;
}

function asynchronous(name: string): SessionError {
  return new SessionError(
    'SESSION_CONFIG',
    `The schema of the session type ${JSON.stringify(name)} answers with a promise, and a session is read at once. Leave asynchronous checks out of it; a handler or a guard may do them.`,
  );
}
