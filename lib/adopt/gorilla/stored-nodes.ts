import { isFields, isListOfPairs, tagOf, type JsonObject } from '../../values/tags.js';

/** What a stored value is, in its parsed text. */

/** Which tag it is, if it is one: `$date`, `@user`. */
export function tagIn(node: unknown): string | undefined {
  return isFields(node) ? tagOf(node) : undefined;
}

/** Whether it is `undefined`, such as a field that a class declares and nobody set. */
export function isUnset(node: unknown): boolean {
  return tagIn(node) === '$undefined';
}

/** The bigint that it stands for, if it does. */
export function bigintIn(node: unknown): bigint | undefined {
  return tagIn(node) === '$bigint' ? BigInt((node as { $bigint: string }).$bigint) : undefined;
}

/** The fields of an object that is none of a class; also of one that had to be escaped. */
export function plainFields(node: unknown): JsonObject | undefined {
  if (!isFields(node)) return undefined;
  const tag = tagOf(node);
  const fields = tag === '$' || tag === '$null' ? node[tag] : node;
  return isFields(fields) && (tag === undefined || fields !== node) ? fields : undefined;
}

/** The entries of a Map, or of an object that is none of a class. */
export function pairsOf(node: unknown): readonly (readonly [unknown, unknown])[] | undefined {
  if (tagIn(node) === '$map') {
    const pairs = (node as { $map: unknown }).$map;
    return isListOfPairs(pairs) ? pairs : undefined;
  }
  const fields = plainFields(node);
  return fields && Object.entries(fields);
}
