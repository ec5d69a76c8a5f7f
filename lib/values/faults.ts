import { Logger } from '@nestjs/common';
import { isFields, isListOfPairs, tagOf, type JsonObject } from './tags.js';
import { MapEntry, pathText } from './path-text.js';

/** Something stored that does not read as it lies there. Nothing here quotes a value. */
export interface ValueFault {
  /** The session's key that it lies under; absent where none was told. */
  readonly key: string | undefined;
  /** Where: `values.cart.items[2]`. Fields are called as they are stored. */
  readonly path: string;
  /** The type as it is stored: `@cart`, `$date`; `(text)` where the text as a whole is at fault. */
  readonly type: string;
  /** The end of a sentence about the type: `is not known to this build`. */
  readonly why: string;
  /**
   * - `kept`: reads as `undefined`, and is written back as it was stored
   * - `dropped`: is gone
   * - `replaced`: by what the type's `onInvalid` gave
   */
  readonly outcome: 'kept' | 'dropped' | 'replaced';
}

export type ReportFault = (fault: ValueFault) => void;

/** A fault while its place is still known by the parsed object alone. */
export type FoundFault = Pick<ValueFault, 'type' | 'why' | 'outcome'> & { readonly node: object };

export interface Findings {
  readonly faults: readonly FoundFault[];
  /** What was read in the place of a parsed object: its upgraded form. */
  readonly continued: ReadonlyMap<object, readonly object[]>;
}

/** More than these of one value are told of as one: what is wrong with them will be the same. */
const MAX_REPORTS = 10;

/**
 * The faults with their paths. Found by looking through the whole again: whoever reads pays
 * nothing for paths where there is no fault.
 */
export function located(
  { faults: all, continued }: Findings,
  root: unknown,
  key: string | undefined,
): ValueFault[] {
  // What a transform was shown beside its value may have been read twice.
  const found = [...new Map(all.map((fault) => [fault.node, fault])).values()];
  const wanted = new Set(found.slice(0, MAX_REPORTS).map(({ node }) => node));
  const paths = pathsOf(wanted, root, rootPath(key), continued);
  const faults = found
    .slice(0, MAX_REPORTS)
    .map(({ node, ...fault }) => ({ key, path: paths.get(node) ?? rootPath(key), ...fault }));
  // Node 20 has no Map.groupBy.
  for (const outcome of ['kept', 'dropped', 'replaced'] as const) {
    const others = found.slice(MAX_REPORTS).filter((fault) => fault.outcome === outcome);
    if (others.length === 0) continue;
    const [{ type, why }] = others;
    faults.push({
      key,
      path: rootPath(key),
      type,
      why: `${why}, as are ${others.length} more in it`,
      outcome,
    });
  }
  return faults;
}

export function pathTo(
  node: object,
  { continued }: Findings,
  root: unknown,
  key: string | undefined,
): string {
  return pathsOf(new Set([node]), root, rootPath(key), continued).get(node) ?? rootPath(key);
}

export function rootPath(key: string | undefined): string {
  return key === undefined ? 'value' : pathText('values', [key]);
}

function pathsOf(
  wanted: ReadonlySet<object>,
  root: unknown,
  rootText: string,
  continued: ReadonlyMap<object, readonly object[]>,
): Map<object, string> {
  const paths = new Map<object, string>();
  const keys: unknown[] = [];
  const below = (node: unknown, key: unknown): void => {
    keys.push(key);
    visit(node);
    keys.pop();
  };
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || paths.size === wanted.size) return;
    if (wanted.has(node)) paths.set(node, pathText(rootText, keys));
    for (const next of continued.get(node) ?? []) visit(next);
    if (Array.isArray(node)) {
      node.forEach(below);
      return;
    }
    const tag = tagOf(node as JsonObject);
    const payload = tag === undefined ? node : (node as JsonObject)[tag];
    if (tag === '$map' && isListOfPairs(payload)) {
      payload.forEach(([mapKey, value], index) => {
        below(mapKey, new MapEntry('keys', index));
        below(value, new MapEntry('values', index));
      });
    } else if (isFields(payload) && (!tag?.startsWith('@') || tagOf(payload) === undefined)) {
      if (wanted.has(payload)) paths.set(payload, pathText(rootText, keys));
      for (const key of Object.keys(payload)) below(payload[key], key);
    } else {
      visit(payload);
    }
  };
  visit(root);
  return paths;
}

const logger = new Logger('Session');
const logged = new Set<string>();

/** Warns of a fault; of what is kept once per type, since it is met with every request. */
export function logFault({ path, type, why, outcome }: ValueFault): void {
  if (outcome === 'replaced') return;
  if (outcome === 'dropped') {
    logger.warn(`${path} was dropped: the stored value of the type "${type}" ${why}.`);
    return;
  }
  const message = `A stored value of the type ${JSON.stringify(type)} ${why}. `;
  if (logged.has(message)) return;
  logged.add(message);
  logger.warn(`${message}It reads as undefined and is written back as it was stored.`);
}

/** Warns once of a type that is written differently each time. */
export function logUnstable(type: string): void {
  const message = `A value of the type ${JSON.stringify(type)} is written differently each time, so that a change inside it may not be seen. Let its serialize and its transforms write the same for the same value, or set a changed value anew: session.set(key, value).`;
  if (logged.has(message)) return;
  logged.add(message);
  logger.warn(message);
}
