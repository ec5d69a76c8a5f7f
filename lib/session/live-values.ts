/** The object that holds the live values of a session: `ss.values`. */

const METHODS = [
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
] as const;

/** Writable, so that a value may be stored under the name of a method: it hides the method. */
const method = (value: unknown): PropertyDescriptor => ({ value, writable: true });

/**
 * What one expects of any object, but for `__proto__` and `constructor`. A template string asks for
 * `Symbol.toPrimitive` first, so that a value under `toString` does no harm.
 */
const prototype = Object.preventExtensions(
  Object.create(null, {
    ...Object.fromEntries(METHODS.map((name) => [name, method(Object.prototype[name])])),
    [Symbol.toPrimitive]: method(() => '[object Object]'),
    // The console shows the values, and not what they inherit.
    [Symbol.for('nodejs.util.inspect.custom')]: method(function shown(this: object) {
      return { ...this };
    }),
  }) as object,
);

/** An object without keys, whatever they are called. */
export function liveValues(): Record<string, unknown> {
  return Object.create(prototype) as Record<string, unknown>;
}
