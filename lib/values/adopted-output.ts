/**
 * Puts what a schema returned into the value that it was given. Most schemas return a copy made of
 * plain objects, with defaults and conversions done: the copy's fields count, and the classes of
 * the value stay.
 */
export function adopted(value: unknown, output: unknown): unknown {
  if (Object.is(value, output)) return value;
  if (Array.isArray(output) && Array.isArray(value)) {
    const list = adoptedAll(value, output);
    return areSame(list, value) ? value : list;
  }
  if (output instanceof Map && value instanceof Map) {
    const keys = [...output.keys()];
    const entries = adoptedAll([...value.values()], [...output.values()]);
    const isSame = areSame(keys, [...value.keys()]) && areSame(entries, [...value.values()]);
    return isSame ? value : new Map(keys.map((key, index) => [key, entries[index]]));
  }
  if (output instanceof Set && value instanceof Set) {
    const elements = adoptedAll([...value], [...output]);
    return areSame(elements, [...value]) ? value : new Set(elements);
  }
  if (!isPlainObject(output) || typeof value !== 'object' || value === null) return output;
  for (const key of Object.keys(output)) adoptField(value, key, output[key]);
  return value;
}

/** Element by element, as long as none has come or gone. */
function adoptedAll(values: readonly unknown[], outputs: readonly unknown[]): readonly unknown[] {
  if (values.length !== outputs.length) return outputs;
  return outputs.map((output, index) => adopted(values[index], output));
}

/** A list that has not changed stays the one that it is: its owner may be frozen. */
function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((element, i) => Object.is(element, other[i]));
}

function adoptField(owner: object, key: string, output: unknown): void {
  const isOwn = Object.hasOwn(owner, key);
  // A getter or a method gives what it gives, and `__proto__` is no field.
  if (!isOwn && key in owner) return;
  const before: unknown = isOwn ? (owner as Record<string, unknown>)[key] : undefined;
  const after = adopted(before, output);
  if (isOwn && Object.is(before, after)) return;
  Object.defineProperty(owner, key, {
    value: after,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}
