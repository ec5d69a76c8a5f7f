import { logFault } from '../values/faults.js';
import { DROPPED, revive, UNKNOWN } from '../values/serializer.js';
import type { ValueRules } from '../values/value-rules.js';
import type { Texts } from './session-values.js';

/**
 * The values of stored texts; `undefined` where this build cannot read one.
 *
 * @throws SessionError `SESSION_INVALID` where a value's type says `onInvalid: 'throw'`
 */
export function valuesOf(texts: Texts, rules: ValueRules): Record<string, unknown> {
  const reader = { rules, report: logFault };
  const values = [...texts]
    .map(([key, text]) => [key, revive(text, key, reader)] as const)
    .filter(([, value]) => value !== DROPPED)
    .map(([key, value]) => [key, value === UNKNOWN ? undefined : value] as const);
  return Object.fromEntries(values);
}
