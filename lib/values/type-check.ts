import type { ClassFunction } from './class-source.js';
import { checkByClassValidator } from './class-validator.js';
import { pathText } from './path-text.js';
import { checkBySchema, type StandardSchema } from './standard-schema.js';

/** A broken rule of a value, and the place in the value. */
export interface SessionTypeIssue {
  /** `items[2].price`; empty for the value as a whole. */
  readonly path: string;
  /** The message of the validator. It may quote the value, so do not log it. */
  readonly message: string;
  /** The name of the broken rule, if the validator gives one: `isPositive`, `too_small`. */
  readonly rule?: string;
}

/** An issue as validators tell it. */
export interface Issue {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
  readonly rule?: string;
}

/** Checks a value that was read. Throws what the validator throws. */
export type Check = (value: unknown) => { readonly value: unknown } | { readonly issues: Issue[] };

/** Whatever a type asks for: the decorators first, then the schema. */
export function checkOf(
  name: string,
  cls: ClassFunction,
  options: { readonly validate?: boolean; readonly schema?: StandardSchema },
): Check | undefined {
  const checks = [
    ...(options.validate === true ? [checkByClassValidator(name, cls)] : []),
    ...(options.schema === undefined ? [] : [checkBySchema(name, options.schema)]),
  ];
  if (checks.length < 2) return checks[0];
  return (instance) => {
    let verdict: ReturnType<Check> = { value: instance };
    for (const check of checks) {
      verdict = check(verdict.value);
      if ('issues' in verdict) return verdict;
    }
    return verdict;
  };
}

export function issueOf({ keys, message, rule }: Issue): SessionTypeIssue {
  const path = pathText('', keys).replace(/^\./, '');
  return { path, message, ...(rule === undefined ? undefined : { rule }) };
}

const MAX_SHOWN = 5;

/** The issues for a log, by their places and rules alone. */
export function summaryOf(issues: readonly SessionTypeIssue[]): string {
  const shown = issues.slice(0, MAX_SHOWN).map(({ path, rule }) => {
    const place = path === '' ? 'the whole' : path;
    return rule === undefined ? place : `${place} (${rule})`;
  });
  const more = issues.length - shown.length;
  return `is not valid: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
