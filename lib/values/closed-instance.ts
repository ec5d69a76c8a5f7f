/**
 * Classes whose constructor closes the instance (`Object.freeze(this)`, a read-only property): an
 * open copy takes what was stored, and is closed like the one that the constructor made.
 */

/** True if every property of it can be assigned, and more can be added, without running any code. */
export function isOpen(made: object): boolean {
  if (!Object.isExtensible(made)) return false;
  // An accessor has none of either.
  return Object.values(Object.getOwnPropertyDescriptors(made)).every(
    ({ writable }) => writable !== false,
  );
}

/** The properties of an instance's own that are accessors. */
export function accessorsOf(made: object): ReadonlySet<string> {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(made));
  return new Set(
    descriptors.filter(([, { writable }]) => writable === undefined).map(([key]) => key),
  );
}

/** The same properties on the same prototype, each of them free to be set. */
export function openCopy(made: object): object {
  const descriptors = Object.getOwnPropertyDescriptors(made) as Record<string, PropertyDescriptor>;
  for (const key of Reflect.ownKeys(descriptors) as string[]) {
    descriptors[key].configurable = true;
    if ('value' in descriptors[key]) descriptors[key].writable = true;
  }
  return Object.create(Object.getPrototypeOf(made) as object, descriptors) as object;
}

/** Closes the copy in the way in which `made` is closed. */
export function closeLike(made: object, copy: object): void {
  for (const key of Reflect.ownKeys(made)) {
    const { writable, configurable } = Object.getOwnPropertyDescriptor(made, key)!;
    if (writable === false) Object.defineProperty(copy, key, { writable, configurable });
  }
  if (Object.isFrozen(made)) Object.freeze(copy);
  else if (Object.isSealed(made)) Object.seal(copy);
  else if (!Object.isExtensible(made)) Object.preventExtensions(copy);
}
