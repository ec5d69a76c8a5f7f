import ms, { type StringValue } from 'ms';
import { refuse } from './option-checks.js';

/** RFC 6265bis, section 5.5: the longest life that browsers grant, 400 days, in seconds. */
export const MAX_MAX_AGE = 400 * 24 * 60 * 60;

/**
 * A duration: whole or broken seconds, or text as the `ms` package reads it (`'30 days'`, `'15m'`).
 * 400 days at most; a text of digits alone, which `ms` takes for milliseconds, is refused.
 */
export type Duration = number | string;

/**
 * @returns seconds, which may be broken
 * @throws SessionError `SESSION_CONFIG`
 */
export function toSeconds(option: string, duration: Duration): number {
  if (typeof duration === 'string' && /^\s*[-+]?[\d.]+\s*$/.test(duration)) {
    refuse(option, duration, `a unit in a text: '${duration.trim()}s' or the number for seconds`);
  }
  const seconds =
    typeof duration === 'string' && duration.length > 0 && duration.length <= 100
      ? (ms(duration as StringValue) ?? NaN) / 1000
      : duration;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    refuse(option, duration, "seconds, or a duration such as '30 days' or '15m'");
  }
  if (seconds > MAX_MAX_AGE) {
    refuse(option, duration, `up to 400 days, which browsers grant${hintAt(duration)}`);
  }
  return seconds;
}

/** What was probably meant by a number that is too large. */
function hintAt(duration: Duration): string {
  if (typeof duration !== 'number' || duration / 1000 > MAX_MAX_AGE) return '';
  return `; a number is seconds, not milliseconds: ${duration / 1000}, or '${ms(duration, { long: true })}'`;
}

/**
 * @returns milliseconds
 * @throws SessionError `SESSION_CONFIG`, also where it is no time at all
 */
export function toTimeout(option: string, duration: Duration): number {
  const seconds = toSeconds(option, duration);
  if (seconds <= 0) refuse(option, duration, 'a duration longer than nothing');
  return seconds * 1000;
}
