import { inspect } from 'node:util';
import { SessionError } from '../session.errors.js';

/** The checks of options at boot: each names the option, the value and what is allowed. */

export function oneOf<T>(option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) {
    refuse(
      option,
      value,
      allowed
        .filter((one) => one !== undefined)
        .map(shown)
        .join(', '),
    );
  }
  return value;
}

export function knowAll(prefix: string, options: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) {
    refuse(prefix + unknown, HIDDEN, `the options ${[...known].join(', ')}`);
  }
}

export function wholeBytes(option: string, bytes: number, hint?: string): number {
  if (!Number.isInteger(bytes) || bytes <= 0) {
    refuse(option, bytes, `a whole number of bytes${hint === undefined ? '' : `; ${hint}`}`);
  }
  return bytes;
}

export const HIDDEN = Symbol('not shown');

export function refuse(option: string, value: unknown, allowed: string): never {
  const given = value === HIDDEN ? 'is not allowed' : `is ${shown(value)}`;
  throw new SessionError(
    'SESSION_CONFIG',
    `SessionModule: ${option} ${given}; allowed: ${allowed}.`,
  );
}

function shown(value: unknown): string {
  return typeof value === 'function'
    ? 'a function'
    : inspect(value, { depth: 1, breakLength: Infinity });
}
