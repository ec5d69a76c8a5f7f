/** How much one value of a session may be: the same in both directions. */
export interface ValueLimits {
  /** How many objects, lists, maps and sets may lie in each other. */
  readonly depth: number;
  /** How many values it may hold, itself among them: fields, elements, entries. */
  readonly nodes: number;
  /** How many bytes its text may have, in UTF-8. */
  readonly bytes: number;
}

export const DEFAULT_LIMITS: ValueLimits = Object.freeze({
  // Far below what overflows the stack, far above what a session needs.
  depth: 100,
  nodes: 100_000,
  bytes: 32 * 1024 * 1024,
});

/** The deepest limit that may be set: reading and writing go down by recursion. */
export const MAX_DEPTH = 500;

/** The most bytes of one buffer or typed array: a session is no file store. */
export const MAX_BINARY_BYTES = 16 * 1024 * 1024;

/** Whether a text has more bytes than that. Most are so short that they need not be counted. */
export function isLonger(text: string, bytes: number): boolean {
  // One UTF-16 unit becomes one to three bytes.
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
