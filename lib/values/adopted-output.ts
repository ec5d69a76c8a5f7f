/**
 * Puts what a schema returned into the value that it was given. Most schemas return a copy made of
 * plain objects, with defaults and conversions done: the copy's fields count, and the classes of
 * the value stay.
 */
export function adopted(value: unknown, output: unknown): unknown {
  if (Object.is(value, output)) return value;
  if (Array.isArray(output) && Array.isArray(value)) {
    return output.length === value.length
      ? output.map((element, index) => adopted(value[index], element))
      : (output as unknown);
  }
  if (output instanceof Map && value instanceof Map) {
    return new Map([...output].map(([key, entry]) => [key, adopted(value.get(key), entry)]));
  }
  if (output instanceof Set && value instanceof Set && output.size === value.size) {
    const elements = [...value];
    return new Set([...output].map((element, index) => adopted(elements[index], element)));
  }
  if (!isPlainObject(output) || typeof value !== 'object' || value === null) return output;
  for (const key of Object.keys(output)) adoptField(value, key, output[key]);
  return value;
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
