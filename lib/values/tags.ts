/** Parsed texts, and how a tag looks in them. */

export type JsonObject = Readonly<Record<string, unknown>>;

const DOLLAR = 36;
const AT = 64;

/** True for the first character of a tag's key. */
export function isTagCharacter(code: number): boolean {
  return code === DOLLAR || code === AT;
}

/** The key of an object that is a tag: its only one, and marked as such. */
export function tagOf(node: JsonObject): string | undefined {
  let only: string | undefined;
  for (const key in node) {
    if (only !== undefined || !isTagCharacter(key.charCodeAt(0))) return undefined;
    only = key;
  }
  return only;
}

export function isFields(payload: unknown): payload is JsonObject {
  return typeof payload === 'object' && payload !== null && !Array.isArray(payload);
}

export function isListOfPairs(payload: unknown): payload is [unknown, unknown][] {
  return (
    Array.isArray(payload) && payload.every((pair) => Array.isArray(pair) && pair.length === 2)
  );
}
