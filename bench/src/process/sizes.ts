import { bytesOf, sessionValues, smallSessionValues } from '../session-values.js';

/** The sessions that are sealed, each with what the seal may take of sodium's time. */
export const SIZES = [
  { name: '100 B', values: smallSessionValues, sodiumTimes: 1.7 },
  { name: '1 KB', values: sessionValues(1024), sodiumTimes: 1.2 },
  { name: '3 KB', values: sessionValues(3013), sodiumTimes: 1.05 },
] as const;

/** The longest tokens that are allowed, in characters. */
export const LONGEST_TOKEN: Readonly<Record<string, number>> = { '1 KB': 1425, '3 KB': 4075 };

/** How much shorter than iron-session's time a whole session's has to be. */
export const TIMES_FASTER_THAN_IRON: Readonly<Record<string, number>> = { '1 KB': 25 };

if (bytesOf(smallSessionValues) < 95 || bytesOf(smallSessionValues) > 105) {
  throw new Error(`The smallest session has ${bytesOf(smallSessionValues)} bytes`);
}
