import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { type Session, SessionService } from 'nestjs-typed-session';
import type { FoundSession } from './journal.js';

/** One key of a session, as the page shows it. */
export interface WeighedValue {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly text: string;
}

/** The page's own flash: it would only show itself. */
export const TRIAL_KEY = 'trial';

/** Weighs the values of a session, wherever it is kept. */
@Injectable()
export class Scale {
  /** Seals without Nest and with a secret of its own: only the length of the result counts. */
  private readonly sessions = new SessionService({
    secret: randomBytes(32),
    name: 'scale',
    maxCookieBytes: 1024 * 1024,
  });
  private readonly emptyBytes = this.sessions.seal({}).length;

  /** A session as it is at this moment. */
  find({ id, expiresAt, values }: Pick<Session, 'id' | 'expiresAt' | 'values'>): FoundSession {
    return { id: shorten(id, 8), expiresAt, values: this.weigh(values) };
  }

  /** What values add to a cookie. */
  bytesOf(values: Record<string, unknown>): number {
    return this.sessions.seal(values).length - this.emptyBytes;
  }

  private weigh(values: object): WeighedValue[] {
    return Object.entries(values)
      .filter(([key, value]) => key !== TRIAL_KEY && value !== undefined)
      .map(([key, value]: [string, unknown]) => ({
        key,
        type: typeNameOf(value),
        bytes: this.bytesOf({ [key]: value }),
        text: inspect(value, { depth: null, breakLength: 60, maxStringLength: 200 }),
      }));
  }
}

/** Even its owner sees only a piece: what a page shows ends up in screenshots. */
export function shorten(text: string, length: number): string {
  return `${text.slice(0, length)}…`;
}

/** `User`, `Map`, `string`, `Array (2)` */
function typeNameOf(value: unknown): string {
  if (Array.isArray(value)) return `Array (${value.length})`;
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
}
