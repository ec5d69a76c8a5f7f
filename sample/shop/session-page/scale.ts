import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { SessionService } from 'nestjs-typed-session';

/** One key of a session, as the page shows it. */
export interface WeighedValue {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly text: string;
}

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

  weigh(values: object): WeighedValue[] {
    return Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]: [string, unknown]) => ({
        key,
        type: typeNameOf(value),
        bytes: this.sessions.seal({ [key]: value }).length - this.emptyBytes,
        text: inspect(value, { depth: null, breakLength: 60, maxStringLength: 200 }),
      }));
  }
}

/** `User`, `Map`, `string`, `Array (2)` */
function typeNameOf(value: unknown): string {
  if (Array.isArray(value)) return `Array (${value.length})`;
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
}
