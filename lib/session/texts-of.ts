import { serialize } from '../values/serializer.js';
import type { ValueRules } from '../values/value-rules.js';
import { pathOf, type Texts } from './session-values.js';

/** The texts of values, as a new session stores them. @throws SessionError where one cannot be stored */
export function textsOf(values: Record<string, unknown>, rules: ValueRules): Texts {
  const texts = Object.entries(values).map(
    ([key, value]) => [key, serialize(value, pathOf(key), rules)] as const,
  );
  return new Map(texts);
}
