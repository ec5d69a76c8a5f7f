import { isDeepStrictEqual } from 'node:util';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import type { EncoderOptions } from './encoder-options.js';
import { refusedNotReadBack } from './refusal.js';
import type { JsonObject } from './tags.js';
import type { ValueRules } from './value-rules.js';

/** Reads back what was just written of an instance, and refuses a field that came out as another. */
export function proofOf(rules: ValueRules): NonNullable<EncoderOptions['prove']> {
  return (instance, text, revive, marks, pathOf) => {
    const decoder = new Decoder(rules, true);
    let back: unknown;
    try {
      back = revive(JSON.parse(text) as JsonObject, decoder);
    } catch {
      // A class that throws when it is read is kept as it is stored.
      return;
    }
    if (decoder.unknowns > 0 || typeof back !== 'object' || back === null) return;
    for (const { key, remedy } of marks) {
      const value = (instance as Record<string, unknown>)[key];
      if (value === undefined) continue;
      if (!areSame(value, (back as Record<string, unknown>)[key], rules)) {
        throw refusedNotReadBack(pathOf(key), remedy);
      }
    }
  };
}

/** By what is stored of them; by their fields where one cannot be stored as it is. */
function areSame(one: unknown, other: unknown, rules: ValueRules): boolean {
  if (typeof one !== 'object' || one === null) return Object.is(one, other);
  try {
    return textOf(one, rules) === textOf(other, rules);
  } catch {
    return isDeepStrictEqual(one, other);
  }
}

/** In which a form that is written differently each time is compared by its fields. */
function textOf(value: unknown, rules: ValueRules): string {
  return new Encoder('value', rules, { isBare: true }).value(value, undefined);
}
