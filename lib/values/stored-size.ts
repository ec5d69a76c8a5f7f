import type { ValueLimits } from './limits.js';
import { isFields, isListOfPairs, tagOf, type JsonObject } from './tags.js';

/**
 * Whether what was parsed goes beyond the limits, counted as the encoder counts what it writes: a
 * value at the limit is read again.
 *
 * @returns how, as the end of a sentence; `undefined` where it does not
 */
export function excessOf(node: object, text: string, limits: ValueLimits): string | undefined {
  const { depth, nodes } = limits;
  // A value takes two characters with the comma or bracket behind it.
  if (text.length < 2 * nodes && (!hasMoreBrackets(text, depth) || !isDeeper(node, depth))) {
    return undefined;
  }
  const left = new Measure(depth).spend(node, nodes, 0);
  if (left >= 0) return undefined;
  return left === TOO_DEEP
    ? `is nested deeper than ${depth} levels`
    : `goes beyond ${nodes} values`;
}

/** Whether a text opens more brackets than that, those within its strings among them. */
function hasMoreBrackets(text: string, most: number): boolean {
  // A bracket that opens comes with one that closes.
  if (text.length <= 2 * most) return false;
  let left = most;
  for (const bracket of ['{', '[']) {
    let at = text.indexOf(bracket);
    for (; at !== -1; at = text.indexOf(bracket, at + 1)) if (--left < 0) return true;
  }
  return false;
}

/** Whether what was parsed has more levels, tags counted as objects: a look that is quickly done. */
function isDeeper(node: object, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index++) {
      const child: unknown = node[index];
      if (typeof child === 'object' && child !== null && isDeeper(child, levels - 1)) return true;
    }
    return false;
  }
  for (const key in node) {
    const child = (node as JsonObject)[key];
    if (typeof child === 'object' && child !== null && isDeeper(child, levels - 1)) return true;
  }
  return false;
}

const TOO_MANY = -1;
const TOO_DEEP = -2;

class Measure {
  constructor(private readonly depth: number) {}

  /** What is left of a budget of values, or why nothing is. */
  spend(node: unknown, budget: number, level: number): number {
    if (budget <= 0) return TOO_MANY;
    if (typeof node !== 'object' || node === null) return budget - 1;
    if (Array.isArray(node)) return this.all(node, budget - 1, level);
    const tag = tagOf(node as JsonObject);
    return tag === undefined
      ? this.fields(node as JsonObject, budget - 1, level)
      : this.tagged(tag, (node as JsonObject)[tag], budget, level);
  }

  private tagged(tag: string, payload: unknown, budget: number, level: number): number {
    if (tag === '$map' && isListOfPairs(payload))
      return this.all(payload.flat(), budget - 1, level);
    // A pair of a name and its bytes is one value.
    if (tag === '$bytes' && Array.isArray(payload) && payload.length === 2) return budget - 1;
    if (Array.isArray(payload)) return this.all(payload, budget - 1, level);
    if (!isFields(payload)) return budget - 1;
    const isObject = tag === '$' || tag === '$null' || tagOf(payload) === undefined;
    if (isObject) return this.fields(payload, budget - 1, level);
    return level >= this.depth ? TOO_DEEP : this.spend(payload, budget, level + 1);
  }

  private all(nodes: readonly unknown[], budget: number, level: number): number {
    if (level >= this.depth) return TOO_DEEP;
    let left = budget;
    for (let index = 0; index < nodes.length && left >= 0; index++) {
      left = this.spend(nodes[index], left, level + 1);
    }
    return left;
  }

  private fields(node: JsonObject, budget: number, level: number): number {
    if (level >= this.depth) return TOO_DEEP;
    let left = budget;
    for (const key in node) {
      left = this.spend(node[key], left, level + 1);
      if (left < 0) return left;
    }
    return left;
  }
}
