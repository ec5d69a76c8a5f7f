import { Logger } from '@nestjs/common';
import type { OldCookie, SessionAdopter } from './session-adopter.js';
import { HIDDEN, refuse } from './option-checks.js';

/** Options for the sessions of the library that an application used before. */
export interface SessionAdoptOptions {
  /**
   * Opens the sessions of another library if a request brings no session of this module. Pass what a
   * function of `nestjs-typed-session/adopt` returns, or a list. Default none.
   */
  adopt?: SessionAdopter | readonly SessionAdopter[];
  /**
   * The end of `adopt`: a Date, or ISO 8601 text such as `'2026-09-30'`. Default never, with a warning
   * under `NODE_ENV=production`.
   */
  adoptUntil?: Date | string;
}

/** What was said of other libraries, with every default in place. */
export interface ResolvedAdoptOptions {
  readonly adopters: readonly SessionAdopter[];
  /** Milliseconds since 1970; `Infinity` where nothing ends it. */
  readonly until: number;
}

export const ADOPT_OPTION_NAMES = ['adopt', 'adoptUntil'] as const;

/** ISO 8601, a date with or without a time: what every engine reads in the same way. */
const ISO_DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * @param cookie of the session, which an old cookie may share the place of
 * @returns `undefined` where nothing is adopted
 * @throws SessionError `SESSION_CONFIG` naming the option, its value and what is allowed
 */
export function resolveAdoption(
  { adopt, adoptUntil }: SessionAdoptOptions,
  cookie: Omit<OldCookie, 'secure'>,
): ResolvedAdoptOptions | undefined {
  if (adopt === undefined) {
    if (adoptUntil !== undefined) refuse('adoptUntil', adoptUntil, 'only with adopt');
    return undefined;
  }
  const adopters = (Array.isArray(adopt) ? adopt : [adopt]) as readonly SessionAdopter[];
  // They hold the secrets of the old application: they are not shown.
  if (adopters.length === 0 || !adopters.every(isAdopter)) {
    refuse('adopt', HIDDEN, 'what fromExpressSession() and the like return, or a list of them');
  }
  for (const { keepOld, cookies } of adopters) {
    if (keepOld && cookies.some((one) => isSameCookie(one, cookie))) {
      refuse('name', cookie.name, 'another than that of the cookie which keepOld keeps');
    }
  }
  return { adopters, until: adoptUntil === undefined ? Infinity : timeOf(adoptUntil) };
}

/** Whether a browser keeps only one of two cookies (RFC 6265, section 5.3). */
export function isSameCookie(
  one: Omit<OldCookie, 'secure'>,
  other: Omit<OldCookie, 'secure'>,
): boolean {
  return one.name === other.name && one.path === other.path && one.domain === other.domain;
}

function isAdopter(adopter: Partial<SessionAdopter> | null | undefined): boolean {
  return (
    typeof adopter?.library === 'string' &&
    Array.isArray(adopter.cookies) &&
    typeof adopter.prepare === 'function' &&
    typeof adopter.adopt === 'function'
  );
}

function timeOf(until: Date | string): number {
  const isDate = until instanceof Date || (typeof until === 'string' && ISO_DATE.test(until));
  const time = isDate ? new Date(until).getTime() : NaN;
  if (Number.isNaN(time)) refuse('adoptUntil', until, "a Date, or a date such as '2026-09-30'");
  return time;
}

/** Warns in production of a door to old sessions that nobody has planned to close. */
export function warnOfEndlessAdoption({
  name,
  adoption,
}: {
  readonly name: string;
  readonly adoption?: ResolvedAdoptOptions;
}): void {
  if (adoption?.until !== Infinity || process.env.NODE_ENV !== 'production') return;
  new Logger('Session').warn(
    `Session '${name}' adopts the sessions of ${adoption.adopters.map(({ library }) => library).join(', ')} without an end. Set adoptUntil to the day on which the last of them has expired.`,
  );
}
