/** Where in a value something is, as text. */

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** Long enough to find the place, short enough to read. */
const MAX_PATH_LENGTH = 160;

/**
 * A path as one would write it: `values.cart.items[2]["a-b"]`, and `.keys()[0]`, `.values()[0]` for
 * the entries of a map, whose keys may be as secret as what is stored under them.
 */
export function pathText(root: string, keys: readonly unknown[]): string {
  let text = root;
  for (const key of keys) {
    text += stepText(key);
    if (text.length > MAX_PATH_LENGTH) return `${text.slice(0, MAX_PATH_LENGTH)}…`;
  }
  return text;
}

function stepText(key: unknown): string {
  if (key === NO_KEY) return '';
  if (key instanceof MapEntry) return `.${key.side}()[${key.index}]`;
  if (typeof key === 'number') return `[${key}]`;
  if (typeof key === 'symbol') return `[${String(key)}]`;
  const name = String(key);
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** In a path: a container that stands for one value, such as a class with a form of its own. */
export const NO_KEY: unique symbol = Symbol('no key');

/** In a path: the keys or the values of a map, at the entry that is being written. */
export class MapEntry {
  constructor(
    readonly side: 'keys' | 'values',
    public index = 0,
  ) {}
}
