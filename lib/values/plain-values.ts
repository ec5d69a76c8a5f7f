import type { ValueLimits } from './limits.js';
import { isTagCharacter } from './tags.js';

const objectPrototype = Object.prototype;
const listPrototype = Array.prototype;
const { getPrototypeOf, getOwnPropertySymbols, values: valuesOf } = Object;

/** True for a value that the engine's own `JSON.stringify` writes without loss, all the way down. */
export function isPlain(value: unknown, { depth, nodes }: ValueLimits): boolean {
  if (isPlainPrimitive(value)) return true;
  return isObject(value) && spendOnPlain(value, nodes - 1, depth) >= 0;
}

/**
 * Proves that a list or an object is plain and within the limits: so many values and so many
 * levels. Returns what is left of the values, or -1 for "perhaps not": the encoder then looks
 * properly, and alone says why.
 */
export function spendOnPlain(value: object, budget: number, levels: number): number {
  try {
    return spend(value, budget, levels);
  } catch {
    // A getter threw. The encoder meets it again, and knows its path.
    return -1;
  }
}

function spend(value: object, budget: number, levels: number): number {
  if (levels === 0) return -1;
  return Array.isArray(value)
    ? spendOnList(value, budget, levels)
    : spendOnObject(value, budget, levels);
}

function spendOnList(list: readonly unknown[], budget: number, levels: number): number {
  const { length } = list;
  let left = budget - length;
  if (left < 0 || getPrototypeOf(list) !== listPrototype) return -1;
  for (let index = 0; index < length; index++) {
    const value = list[index];
    if (isPlainPrimitive(value)) continue;
    left = isObject(value) ? spend(value, left, levels - 1) : -1;
    if (left < 0) return -1;
  }
  // There are no holes (`undefined` above), so what is beyond the elements has a name.
  if (valuesOf(list).length !== length || getOwnPropertySymbols(list).length !== 0) return -1;
  return left;
}

function spendOnObject(object: object, budget: number, levels: number): number {
  if (getPrototypeOf(object) !== objectPrototype) return -1;
  if (getOwnPropertySymbols(object).length !== 0) return -1;
  let left = budget;
  for (const key in object) {
    // Any such key, not just an only one: the encoder decides whether it needs an escape.
    if (isTagCharacter(key.charCodeAt(0)) || --left < 0) return -1;
    const value = (object as Record<string, unknown>)[key];
    if (isPlainPrimitive(value)) continue;
    left = isObject(value) ? spend(value, left, levels - 1) : -1;
    if (left < 0) return -1;
  }
  return left;
}

/** Whether a prototype gives its objects nothing: they are plain. */
export function isBare(prototype: object): boolean {
  return getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype).length === 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object';
}

function isPlainPrimitive(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (typeof value === 'number' && isJsonNumber(value)) ||
    typeof value === 'boolean' ||
    value === null
  );
}

/** Finite, and not -0, which JSON turns into 0. */
function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}
