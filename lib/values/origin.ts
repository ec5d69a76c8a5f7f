import type { ClassFunction } from './class-source.js';

/** Where a class comes from. */
export interface Origin {
  readonly cls: ClassFunction;
  /** The option of its type. */
  readonly definedIn: string | undefined;
  /** The evaluation of the library that registered it, and the file of that. */
  readonly evaluation: { readonly file: string | undefined };
}

/**
 * Whether two classes under one name are one, whose module was evaluated again: both say that they are
 * defined in one place, or the library was evaluated again too and they have the same text.
 */
export function isEvaluatedAgain(one: Origin, other: Origin): boolean {
  if (one.cls.name !== other.cls.name) return false;
  if (one.definedIn !== undefined || other.definedIn !== undefined) {
    return one.definedIn !== undefined && fileOf(one) === fileOf(other);
  }
  return (
    one.evaluation !== other.evaluation &&
    one.evaluation.file !== undefined &&
    one.evaluation.file === other.evaluation.file &&
    String(one.cls) === String(other.cls)
  );
}

/** A module that is imported again has another query in its URL. */
const fileOf = ({ definedIn }: Origin): string | undefined => definedIn?.replace(/[?#].*$/s, '');
