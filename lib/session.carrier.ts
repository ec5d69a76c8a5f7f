import { Logger } from '@nestjs/common';
import { stringifySetCookie } from 'cookie';
import { cookieValues } from './http/cookie-header.js';
import { Keyring, sealedLength } from './seal/keyring.js';
import { randomBytes } from './seal/random.js';
import { SessionError } from './session.errors.js';
import { publish, type SessionRejectReason } from './session.events.js';
import {
  checkName,
  type ResolvedCookie,
  type ResolvedOptions,
  type SessionCookieOptions,
} from './session.options.js';
import { formatRecord, parseRecord, type SessionRecord } from './session.record.js';

/** 144 bits: OWASP asks for 128 of a CSPRNG (ASVS 5.0, 7.2.3); these end on a whole character. */
const ID_BYTES = 18;
/** How far the clock of another instance may run ahead. */
const MAX_CLOCK_SKEW = 60_000;
/** RFC 6265bis, section 5.5: the longest life that browsers grant, 400 days. */
const MAX_MAX_AGE = 400 * 24 * 60 * 60;
/**
 * Each costs a decryption. No browser sends so many of one name, and a neighbour that plants them
 * must not make requests expensive.
 */
const MAX_BAD_SEALS = 32;
/** What a token is for, in its associated data: no seal for another purpose passes for a session. */
const PURPOSE = 'session';

export interface LoadedRecord {
  readonly record: SessionRecord;
  /** Whether an older key sealed it, so that it should be sealed again. */
  readonly isOutdated: boolean;
}

/** Carries the sessions of one name in their cookie: record to sealed cookie and back. */
export class CookieCarrier {
  private readonly keyring: Keyring;
  private readonly logger = new Logger('Session');
  private readonly attributes: { readonly plain: string; readonly secure: string };
  private hasWarned = false;

  /** @throws SessionError `SESSION_CONFIG` where the options contradict each other */
  constructor(readonly options: ResolvedOptions) {
    this.keyring = new Keyring(options.secrets, `${PURPOSE}\0${options.name}`);
    this.checkLimit();
    this.attributes = {
      plain: attributesOf(options.cookie, false),
      secure: attributesOf(options.cookie, true),
    };
  }

  newId(): string {
    return randomBytes(ID_BYTES).toString('base64url');
  }

  /** The first cookie of this name that opens and has not expired. Never throws. */
  load(header: string | undefined): LoadedRecord | undefined {
    let badSeals = 0;
    for (const token of cookieValues(header, this.options.name)) {
      const loaded = this.open(token);
      if (typeof loaded === 'object') return loaded;
      if (loaded === 'bad-seal' && ++badSeals === MAX_BAD_SEALS) return undefined;
    }
    return undefined;
  }

  /** @returns why not, where a token does not open */
  open(token: string): LoadedRecord | SessionRejectReason {
    const opened = this.keyring.open(token);
    if ('rejected' in opened) return this.reject(opened.rejected);
    const record = parseRecord(opened.text);
    if (record === undefined) return this.reject('malformed');
    const now = Date.now();
    if (Math.max(record.createdAt, record.sentAt) > now + MAX_CLOCK_SKEW) {
      return this.reject('future', record.id);
    }
    const end = Math.min(record.expiresAt, record.createdAt + this.options.absoluteTimeout);
    if (end <= now) return this.reject('expired', record.id);
    return { record, isOutdated: opened.outdated };
  }

  private reject(reason: SessionRejectReason, id?: string): SessionRejectReason {
    publish('rejected', () => ({
      session: this.options.name,
      reason,
      ...(id === undefined ? undefined : { idHash: this.hash(id) }),
    }));
    return reason;
  }

  hash(id: string): string {
    return this.keyring.hash(id);
  }

  /** When a session expires that is used now; nothing moves its absolute end. */
  expiryOf(createdAt: number, now: number, cookie?: SessionCookieOptions): number {
    const { rolling, absoluteTimeout } = this.options;
    const from = rolling ? now : createdAt;
    return Math.floor(Math.min(from + this.idleTimeoutOf(cookie), createdAt + absoluteTimeout));
  }

  /** Whether enough of the idle time has gone by to send the cookie again, and that would help. */
  isDue(record: SessionRecord, now: number): boolean {
    return (
      this.options.rolling &&
      now - record.sentAt >= this.idleTimeoutOf(record.cookie) / 10 &&
      this.expiryOf(record.createdAt, now, record.cookie) > record.expiresAt
    );
  }

  /** "Remember me": a session's own `maxAge` is its idle time. */
  private idleTimeoutOf(cookie: SessionCookieOptions | undefined): number {
    const own = cookie?.maxAge as number | undefined;
    return own !== undefined && own > 0 ? own * 1000 : this.options.idleTimeout;
  }

  cookieOf(own: SessionCookieOptions | undefined): Readonly<ResolvedCookie> {
    return own === undefined
      ? this.options.cookie
      : ({ ...this.options.cookie, ...own } as ResolvedCookie);
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
    checkName(this.options.name, this.cookieOf(record.cookie));
  }

  /** Whether a record fits into its cookie. */
  fits(record: SessionRecord): boolean {
    return this.bytesOf(formatRecord(record)) <= this.options.maxCookieBytes;
  }

  /** A limit that not even an empty session fits into would fail every write. */
  private checkLimit(): void {
    const now = Date.now();
    const times = { createdAt: now, sentAt: now, expiresAt: now };
    const least = this.bytesOf(formatRecord({ id: this.newId(), ...times, texts: new Map() }));
    const { name, maxCookieBytes } = this.options;
    if (least <= maxCookieBytes) return;
    throw new SessionError(
      'SESSION_CONFIG',
      `SessionModule: maxCookieBytes is ${maxCookieBytes}; allowed: ${least} and more, which an empty session takes under the name '${name.slice(0, 50)}'.`,
    );
  }

  private bytesOf(text: string): number {
    return this.options.name.length + sealedLength(Buffer.byteLength(text));
  }

  private checkSize(record: SessionRecord, text: string): void {
    const { name, maxCookieBytes } = this.options;
    const bytes = this.bytesOf(text);
    if (bytes <= maxCookieBytes) return;
    const largest = [...record.texts]
      .map(([key, value]) => ({ key, bytes: Buffer.byteLength(value) }))
      .sort((one, other) => other.bytes - one.bytes)
      .slice(0, 5)
      .map((value) => `${value.key} (${value.bytes} bytes)`)
      .join(', ');
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `Session '${name}' needs ${bytes} bytes as a cookie, sealed; ${maxCookieBytes} fit (maxCookieBytes). Its largest values: ${largest}. Store less of them, or a key to where they are kept. The client keeps the session that it had.`,
    );
  }

  /**
   * The `Set-Cookie` line of a sealed session.
   *
   * @returns `undefined` where a secure cookie would go over a plain connection: it goes nowhere
   */
  setCookie(token: string, record: SessionRecord, now: number, isTls: boolean): string | undefined {
    const cookie = this.cookieOf(record.cookie);
    const attributes = this.attributesFor(cookie, isTls);
    if (attributes === undefined) return undefined;
    const left = Math.floor((record.expiresAt - now) / 1000);
    const maxAge = Math.floor(Math.min(cookie.maxAge, left, MAX_MAX_AGE));
    const line = `${this.options.name}=${token}`;
    return cookie.maxAge === 0 ? line + attributes : `${line}; Max-Age=${maxAge}${attributes}`;
  }

  /** The line that deletes the cookie: the same attributes, or the browser deletes another one. */
  deleteCookie(own: SessionCookieOptions | undefined, isTls: boolean): string | undefined {
    const attributes = this.attributesFor(this.cookieOf(own), isTls);
    if (attributes === undefined) return undefined;
    return `${this.options.name}=; Max-Age=0${attributes}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
  }

  private attributesFor(cookie: Readonly<ResolvedCookie>, isTls: boolean): string | undefined {
    if (cookie.secure === true && !isTls) {
      this.warnOfPlainConnection();
      return undefined;
    }
    const isSecure = cookie.secure === 'auto' ? isTls : cookie.secure;
    if (cookie === this.options.cookie) return this.attributes[isSecure ? 'secure' : 'plain'];
    checkName(this.options.name, cookie);
    return attributesOf(cookie, isSecure);
  }

  private warnOfPlainConnection(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      `Session '${this.options.name}' has cookie.secure: true, and a request came over a plain connection: no cookie was sent. Behind a proxy that ends TLS, tell the adapter to trust it: app.set('trust proxy', 1) on Express, new FastifyAdapter({ trustProxy: true }) on Fastify. To serve plain HTTP too, leave cookie.secure at 'auto'.`,
    );
  }
}

/** The attributes of a `Set-Cookie` line but for the age, spelt by the `cookie` package. */
function attributesOf(cookie: Readonly<ResolvedCookie>, isSecure: boolean): string {
  const { path, domain, httpOnly, sameSite, partitioned, priority } = cookie;
  const line = stringifySetCookie('_', '', {
    path,
    domain,
    httpOnly,
    secure: isSecure,
    // Browsers reject SameSite=None and Partitioned without Secure, and the cookie with them.
    sameSite: sameSite === 'none' && !isSecure ? 'lax' : sameSite,
    partitioned: partitioned && isSecure,
    priority,
  });
  return line.slice('_='.length);
}
