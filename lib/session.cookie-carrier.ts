import { sealedLength } from './seal/keyring.js';
import type { AnyRequest } from './http/request.js';
import { SessionCarrier, checkLimit, largestOf } from './session.carrier.js';
import { CookieSession } from './session.cookie-session.js';
import { SessionError } from './session.errors.js';
import type { SessionRejectReason } from './session.events.js';
import type { Changes } from './session.open.js';
import type { ResolvedOptions } from './session.options.js';
import { formatRecord, parseRecord, type SessionRecord } from './session.record.js';
import { NO_TEXTS, type Texts } from './session.values.js';

/** 144 bits, which end on a whole character. */
const ID_BYTES = 18;

export interface LoadedRecord {
  readonly record: SessionRecord;
  /** Whether an older key sealed it, so that it should be sealed again. */
  readonly isOutdated: boolean;
}

/** Carries the sessions of one name in their cookie: record to sealed cookie and back. */
export class CookieCarrier extends SessionCarrier {
  /** @throws SessionError `SESSION_CONFIG` where the options contradict each other */
  constructor(options: ResolvedOptions) {
    super(options, 'session', ID_BYTES);
    const least = this.bytesOf(formatRecord(this.newRecord(NO_TEXTS)));
    checkLimit('maxCookieBytes', options.maxCookieBytes, least, options.name);
  }

  sessionOf(request: AnyRequest, changes: Changes): CookieSession {
    return new CookieSession(this, request, changes);
  }

  /** The first cookie of this name that opens and has not expired. Never throws. */
  load(header: string | undefined): LoadedRecord | undefined {
    return this.firstOf(header, (text, isOutdated) => {
      const record = this.accepted(text);
      return typeof record === 'object' ? { record, isOutdated } : undefined;
    });
  }

  /** @returns why not, where a token does not open */
  open(token: string): SessionRecord | SessionRejectReason {
    const opened = this.openToken(token);
    return typeof opened === 'object' ? this.accepted(opened.text) : opened;
  }

  private accepted(text: string): SessionRecord | SessionRejectReason {
    const record = parseRecord(text);
    if (record === undefined) return this.reject('malformed');
    const rejection = this.rejectionOf(record);
    return rejection === undefined ? record : this.reject(rejection, record.id);
  }

  /**
   * @returns the value of the cookie of a new session
   * @throws SessionError `SESSION_TOO_LARGE`
   */
  begin(texts: Texts): string {
    return this.seal(this.newRecord(texts));
  }

  /** @throws SessionError `SESSION_TOO_LARGE` where the cookie would not fit */
  seal(record: SessionRecord): string {
    const text = formatRecord(record);
    this.checkSize(record, text);
    return this.keyring.seal(text);
  }

  /**
   * Checks that a record can be kept.
   *
   * @throws SessionError what `seal` and `setCookie` would throw
   */
  check(record: SessionRecord): void {
    this.checkSize(record, formatRecord(record));
    this.checkCookie(record.cookie);
  }

  /** Whether a record fits into its cookie. */
  fits(record: SessionRecord): boolean {
    return this.bytesOf(formatRecord(record)) <= this.options.maxCookieBytes;
  }

  private bytesOf(text: string): number {
    return this.options.name.length + sealedLength(Buffer.byteLength(text));
  }

  private checkSize(record: SessionRecord, text: string): void {
    const { name, maxCookieBytes } = this.options;
    const bytes = this.bytesOf(text);
    if (bytes <= maxCookieBytes) return;
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `Session '${name}' needs ${bytes} bytes as a cookie, sealed; ${maxCookieBytes} fit (maxCookieBytes). Its largest values: ${largestOf(record)}. Store less of them, or keep the session in a store (the option store). The client keeps the session that it had.`,
    );
  }
}
