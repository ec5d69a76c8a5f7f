import { Logger } from '@nestjs/common';

/**
 * What `revive` gives for a value of a type that this build does not know. Inside a container
 * the slot reads `undefined` instead, and the container remembers what was stored there.
 */
export const UNKNOWN: unique symbol = Symbol('unknown session value');

const logger = new Logger('Session');
const reported = new Set<string>();

/** Says once per type that stored values of it are not read. The value itself is never logged. */
export function reportUnknown(type: string, reason: string): void {
  if (reported.has(type)) return;
  reported.add(type);
  logger.warn(
    `A stored value of the type ${JSON.stringify(type)} ${reason}. ` +
      'It reads as undefined and is written back as it was stored.',
  );
}

/** What was stored, as text, by the key under which the container would hold it. */
const keptByKey = new WeakMap<object, Map<unknown, string>>();

/** The same for lists, in the order of their slots: an unshift or a push moves no number here. */
const keptInOrder = new WeakMap<readonly unknown[], string[]>();

export function keepUnknown(container: object, key: unknown, node: unknown): void {
  const kept = keptByKey.get(container) ?? new Map<unknown, string>();
  keptByKey.set(container, kept.set(key, JSON.stringify(node)));
}

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
