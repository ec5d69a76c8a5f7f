import { Encoder } from './encoder.js';
import { logUnstable } from './faults.js';
import { revive, serialize, UNKNOWN, type Reader } from './serializer.js';
import { DROPPED } from './unknown-types.js';

/**
 * Whether a value is the one that was stored, though its text is another.
 *
 * A form that is written differently each time (a nonce, a clock) tells nothing, and is reported once.
 * The value is then compared by the fields that one sees, or, where these differ each time too, by
 * nothing: it is unchanged, unless it was replaced.
 */
export function isUntouched(
  key: string,
  stored: string,
  now: string,
  value: unknown,
  reader: Reader,
): boolean | 'unless replaced' {
  const untouched = (): unknown => revive(stored, key, reader);
  const one = untouched();
  if (one === UNKNOWN || one === DROPPED) return false;
  const text = serialize(one, key, reader.rules);
  if (text === now) return true;
  const other = untouched();
  if (text === serialize(other, key, reader.rules)) return false;
  logUnstable(unstableType(text, now));
  const [bareOne, bareOther, bareNow] = [one, other, value].map((each) =>
    new Encoder(key, reader.rules, { isBare: true }).value(each, undefined),
  );
  return bareOne === bareOther && bareOne !== bareNow ? false : 'unless replaced';
}

/** The innermost type in which two texts of one value part. */
function unstableType(one: string, other: string): string {
  let at = 0;
  while (one[at] === other[at]) at++;
  const tags = [...one.slice(0, at).matchAll(/\{"(@(?:[^"\\]|\\.)*)":/g)];
  return tags.at(-1)?.[1] ?? '(text)';
}
