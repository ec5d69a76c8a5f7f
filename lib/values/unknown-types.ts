/**
 * What `revive` gives for a value that this build cannot read: of a type that it does not know, of a
 * newer version. Inside a container the slot reads `undefined` instead, and the container remembers
 * what was stored there.
 */
export const UNKNOWN: unique symbol = Symbol('unknown session value');

/** What `revive` gives for a value that its type refused: it is as if it had not been stored. */
export const DROPPED: unique symbol = Symbol('dropped session value');

/** What was stored, as text, by the key under which the container would hold it. */
const keptByKey = new WeakMap<object, Map<unknown, string>>();

/** The same for lists, in the order of their slots: an unshift or a push moves no number here. */
const keptInOrder = new WeakMap<readonly unknown[], string[]>();

export function keepUnknown(container: object, key: unknown, node: unknown): void {
  const kept = keptByKey.get(container) ?? new Map<unknown, string>();
  keptByKey.set(container, kept.set(key, JSON.stringify(node)));
}

/** What was kept for an object is kept for its copy too. */
export function passKept(from: object, to: object): void {
  const kept = keptByKey.get(from);
  if (kept !== undefined) keptByKey.set(to, kept);
}

/** For every slot of a list that reads `undefined`, the ones that were stored so among them. */
export function keepUnknownElement(list: readonly unknown[], node: unknown): void {
  const kept = keptInOrder.get(list) ?? [];
  keptInOrder.set(list, kept);
  kept.push(JSON.stringify(node));
}

/** The stored text for a slot that reads `undefined`, if it was kept. */
export function keptText(container: object, key: unknown): string | undefined {
  return keptByKey.get(container)?.get(key);
}

/** The stored texts for the slots of a list that read `undefined`, first to last. */
export function keptElements(list: readonly unknown[]): readonly string[] | undefined {
  return keptInOrder.get(list);
}

/** A copy of a list, with what was kept for its slots. */
export function copyOfList(list: readonly unknown[]): unknown[] {
  const copy = [...list];
  const kept = keptInOrder.get(list);
  if (kept !== undefined) keptInOrder.set(copy, [...kept]);
  return copy;
}
