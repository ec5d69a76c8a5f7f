import { MAX_DEPTH, MAX_NODES } from './limits.js';

const objectPrototype = Object.prototype;
const listPrototype = Array.prototype;
const { getPrototypeOf, getOwnPropertySymbols, values: valuesOf } = Object;

const DOLLAR = 36;
const AT = 64;

/** True for the first character of a tag's key. */
export function isTagCharacter(code: number): boolean {
  return code === DOLLAR || code === AT;
}

/** True for a value that the engine's own `JSON.stringify` writes without loss, all the way down. */
export function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isJsonNumber(value);
    case 'object':
      return value === null || spendOnPlain(value, MAX_NODES - 1, 0) >= 0;
    default:
      return false;
  }
}

/**
 * Proves that a list or an object is plain and within the limits. Returns what is left of the
 * budget of nodes, or -1 for "perhaps not": the encoder then looks properly, and alone says why.
 */
export function spendOnPlain(value: object, budget: number, depth: number): number {
  if (depth >= MAX_DEPTH) return -1;
  return Array.isArray(value)
    ? spendOnList(value, budget, depth)
    : spendOnObject(value, budget, depth);
}

function spendOnList(list: readonly unknown[], budget: number, depth: number): number {
  const { length } = list;
  let left = budget - length;
  if (left < 0 || getPrototypeOf(list) !== listPrototype) return -1;
  for (let index = 0; index < length; index++) {
    const value = list[index];
    switch (typeof value) {
      case 'string':
      case 'boolean':
        break;
      case 'number':
        if (!isJsonNumber(value)) return -1;
        break;
      case 'object':
        if (value === null) break;
        left = spendOnPlain(value, left, depth + 1);
        if (left < 0) return -1;
        break;
      default:
        return -1;
    }
  }
  // There are no holes (`undefined` above), so what is beyond the elements has a name.
  if (valuesOf(list).length !== length || getOwnPropertySymbols(list).length !== 0) return -1;
  return left;
}

function spendOnObject(value: object, budget: number, depth: number): number {
  if (getPrototypeOf(value) !== objectPrototype || getOwnPropertySymbols(value).length !== 0) {
    return -1;
  }
  let left = budget;
  for (const key in value) {
    // Any such key, not just an only one: the encoder decides whether it needs an escape.
    if (isTagCharacter(key.charCodeAt(0)) || --left < 0) return -1;
    const field = (value as Record<string, unknown>)[key];
    switch (typeof field) {
      case 'string':
      case 'boolean':
        break;
      case 'number':
        if (!isJsonNumber(field)) return -1;
        break;
      case 'object':
        if (field === null) break;
        left = spendOnPlain(field, left, depth + 1);
        if (left < 0) return -1;
        break;
      default:
        return -1;
    }
  }
  return left;
}

/** Finite, and not -0, which JSON turns into 0. */
function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}
