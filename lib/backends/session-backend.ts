import { cookieValues } from '../http/cookie-header.js';
import { Adoption } from './adoption.js';
import type { EndedSessions } from './ended-sessions.js';
import { Keyring } from '../seal/keyring.js';
import { randomBytes } from '../seal/random.js';
import { publish, type SessionEvent, type SessionRejectReason } from '../session.events.js';
import { checkName } from '../options/cookie-name.js';
import { MAX_MAX_AGE } from '../options/duration.js';
import {
  type ResolvedCookie,
  type ResolvedOptions,
  type SessionCookieOptions,
} from '../options/session.options.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionState } from '../session/session-state.js';
import type { Texts } from '../session/session-values.js';
import type { RegisteredSession } from '../registry/session-registry.js';
import { attributesOf } from './cookie-attributes.js';
import { BadCookies } from './bad-cookies.js';
import { OwnedSessions } from './owned-sessions.js';
import { Recent } from './recent.js';
import { twinsOf } from './twin-cookies.js';
import { Warnings } from './warnings.js';
import { currentTime } from '../session.clock.js';

/** 128 bits: nobody guesses the `ref` of another session. */
const REF_BYTES = 16;
/** How far the clock of another instance may run ahead. */
const MAX_CLOCK_SKEW = 60_000;
/**
 * How many tokens of one request are opened in vain. No browser sends so many of one name, and a
 * neighbour that plants them must not make requests expensive.
 */
const MAX_TRIES = 32;

export interface OpenedToken {
  readonly text: string;
  /** Whether an older key sealed it. */
  readonly outdated: boolean;
}

/**
 * Carries the sessions of one name from request to request. What is common to all that do: the
 * cookie with its seal and its attributes, and the timeouts.
 */
export abstract class SessionBackend {
  protected readonly keyring: Keyring;
  readonly warnings: Warnings;
  readonly badCookies: BadCookies;
  /** What the registry knows of its sessions, where there is one. */
  readonly owned: OwnedSessions | undefined;
  /** What stands for ids in events and in the registry: together about a hundred kilobytes. */
  private readonly hashes = new Recent<string>(500);
  private readonly attributes: { readonly plain: string; readonly secure: string };

  /**
   * @param purpose what its cookies are for, in their associated data: no seal for another purpose
   * passes for one of them
   * @param idBytes OWASP asks for 128 bits of a CSPRNG (ASVS 5.0, 7.2.3)
   */
  protected constructor(
    readonly options: ResolvedOptions,
    purpose: string,
    private readonly idBytes: number,
  ) {
    this.keyring = new Keyring(options.secrets, `${purpose}\0${options.name}`);
    this.warnings = new Warnings(options.name);
    this.badCookies = new BadCookies((address, count) =>
      this.publish('anomaly', undefined, { address, count }),
    );
    const { registration } = options;
    this.owned = registration && new OwnedSessions(this, registration);
    this.attributes = {
      plain: attributesOf(options.cookie, false),
      secure: attributesOf(options.cookie, true),
    };
  }

  /** What adopts the sessions of other libraries, where the options name any. */
  abstract readonly adoption: Adoption | undefined;
  /** Whether to open a session may take waiting. */
  abstract readonly takesWaiting: boolean;
  /** Whether nothing opens a former id. */
  abstract readonly endsFormerIds: boolean;

  /** What becomes of a request whose session a server cannot give. */
  get onStoreError(): 'fail' | 'anonymous' {
    return this.owned?.onError ?? 'fail';
  }

  /** @param ended remembers those that were ended here */
  protected adoptionWith(ended: EndedSessions): Adoption | undefined {
    if (this.options.adoption === undefined) return undefined;
    return new Adoption(this.options, ended, (kind, id, more) => this.publish(kind, id, more));
  }

  newId(): string {
    return randomBytes(this.idBytes).toString('base64url');
  }

  /** Takes other secrets from now on: checked, newest first. */
  rotate(secrets: readonly (string | Buffer)[]): void {
    this.keyring.rotate(secrets);
    this.hashes.clear();
  }

  newRef(): string {
    return randomBytes(REF_BYTES).toString('base64url');
  }

  protected newRecord(texts: Texts): SessionRecord {
    const now = currentTime();
    const expiresAt = this.expiryOf(now, now);
    return { id: this.newId(), createdAt: now, sentAt: now, expiresAt, texts };
  }

  /** Keeps a new session, and gives the value of its cookie. */
  abstract keep(record: SessionRecord): string | Promise<string>;

  /** The record of a session that is sent now. */
  recordOf(state: SessionState, now: number): SessionRecord {
    const { id, createdAt, cookie, signIn, texts } = state;
    const expiresAt = this.expiryOf(createdAt, now, cookie);
    return { id, createdAt, sentAt: now, expiresAt, cookie, signIn, texts };
  }

  /** Stands for an id in events. */
  hash(id: string): string {
    return this.hashes.get(id) ?? this.hashes.set(id, this.keyring.hash(id));
  }

  /**
   * What the first cookie of this name opens to that opens to anything.
   *
   * @param open gives a reason, or `undefined`, to go on with the next; never throws
   */
  protected firstOf<T extends object>(
    header: string | undefined,
    open: (token: string) => T | SessionRejectReason | undefined,
  ): T | undefined {
    let tries = 0;
    for (const token of cookieValues(header, this.options.name)) {
      const opened = open(token);
      if (typeof opened === 'object') return opened;
      // Whatever came of it, and also where it is remembered: the outcome depends on the header alone.
      if (this.keyring.hasKeyOf(token) && ++tries === MAX_TRIES) return undefined;
    }
    return undefined;
  }

  /** @returns why not, where a token does not open */
  protected openToken(token: string): OpenedToken | SessionRejectReason {
    const opened = this.keyring.open(token);
    return 'rejected' in opened ? this.reject(opened.rejected) : opened;
  }

  /** Why a record is not accepted, if it is not. */
  protected rejectionOf(record: SessionRecord): 'future' | 'expired' | undefined {
    const now = currentTime();
    const ahead = Math.max(record.createdAt, record.sentAt) - now;
    if (ahead > MAX_CLOCK_SKEW) {
      this.warnings.clock(ahead, MAX_CLOCK_SKEW);
      return 'future';
    }
    return this.endOf(record) <= now ? 'expired' : undefined;
  }

  /** The absolute timeout may have been shortened since a record was written. */
  protected endOf(record: SessionRecord): number {
    return Math.min(record.expiresAt, record.createdAt + this.options.absoluteTimeout);
  }

  /** Whether a session has ended since it was read. */
  isOver(record: SessionRecord): boolean {
    return this.endOf(record) <= currentTime();
  }

  reject(reason: SessionRejectReason, id?: string): SessionRejectReason {
    this.badCookies.note(reason);
    this.publish('rejected', id, { reason });
    return reason;
  }

  publish(
    kind: Parameters<typeof publish>[0],
    id: string | undefined,
    more?: Partial<SessionEvent>,
  ): void {
    publish(kind, this, () => ({
      session: this.options.name,
      ...(id === undefined ? undefined : { idHash: this.hash(id) }),
      ...more,
    }));
  }

  /** Tells of sessions that were ended from elsewhere. */
  publishRevoked(sessions: readonly RegisteredSession[]): void {
    for (const { idHash } of sessions) this.publish('revoked', undefined, { idHash });
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
  idleTimeoutOf(cookie: SessionCookieOptions | undefined): number {
    const own = cookie?.maxAge as number | undefined;
    return own !== undefined && own > 0 ? own * 1000 : this.options.idleTimeout;
  }

  cookieOf(own: SessionCookieOptions | undefined): Readonly<ResolvedCookie> {
    return own === undefined
      ? this.options.cookie
      : ({ ...this.options.cookie, ...own } as ResolvedCookie);
  }

  /** @throws SessionError `SESSION_CONFIG` where the cookie would break the rule of its prefix */
  checkCookie(own: SessionCookieOptions | undefined): void {
    checkName(this.options.name, this.cookieOf(own));
  }

  /**
   * The `Set-Cookie` line of a sealed session.
   *
   * @returns `undefined` where a secure cookie would go over a plain connection: it goes nowhere
   */
  setCookie(
    token: string,
    record: Pick<SessionRecord, 'cookie' | 'expiresAt'>,
    now: number,
    isTls: boolean,
  ): string | undefined {
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

  /**
   * The lines that delete the cookies of the same name which a client may have beside its own.
   *
   * @param host of the request
   * @param isOurs whether several of its cookies open
   */
  deleteTwins(
    own: SessionCookieOptions | undefined,
    isTls: boolean,
    host: string | undefined,
    isOurs: boolean,
  ): string[] {
    return twinsOf(this.options.name, this.cookieOf(own), host, isOurs)
      .map((twin) => this.deleteCookie(twin, isTls))
      .filter((line) => line !== undefined);
  }

  /** @returns `undefined` where a secure cookie would go over a plain connection */
  protected attributesFor(cookie: Readonly<ResolvedCookie>, isTls: boolean): string | undefined {
    if (cookie.secure === true && !isTls) {
      this.warnings.plainConnection();
      return undefined;
    }
    const isSecure = cookie.secure === 'auto' ? isTls : cookie.secure;
    if (cookie === this.options.cookie) return this.attributes[isSecure ? 'secure' : 'plain'];
    checkName(this.options.name, cookie);
    return attributesOf(cookie, isSecure);
  }

  /**
   * Warns where a proxy that the adapter does not trust says that a request came over TLS, and the
   * cookie goes out with less than was asked for.
   */
  warnOfUntrustedProxy(own: SessionCookieOptions | undefined): void {
    const { secure, sameSite, partitioned } = this.cookieOf(own);
    if (secure !== 'auto') return;
    if (sameSite === 'none') this.warnings.untrustedProxy("cookie.sameSite: 'none'");
    else if (partitioned) this.warnings.untrustedProxy('cookie.partitioned: true');
  }
}
