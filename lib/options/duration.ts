import ms, { type StringValue } from 'ms';
import { refuse } from './option-checks.js';

/** A duration: whole or broken seconds, or text as the `ms` package reads it (`'30 days'`, `'15m'`). */
export type Duration = number | string;

/**
 * @returns seconds, which may be broken
 * @throws SessionError `SESSION_CONFIG`
 */
export function toSeconds(option: string, duration: Duration): number {
  const seconds =
    typeof duration === 'string' && duration.length > 0 && duration.length <= 100
      ? (ms(duration as StringValue) ?? NaN) / 1000
      : duration;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    refuse(option, duration, "seconds, or a duration such as '30 days' or '15m'");
  }
  return seconds;
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
