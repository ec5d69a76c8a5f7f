import { inspect } from 'node:util';
import { type AnyRequest, isOverTls, isUnseen, rawRequest } from '../http/request.js';
import type { SessionBackend } from './session-backend.js';
import { SessionError } from '../session.errors.js';
import type { SessionEventKind } from '../session.events.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionBacking, SessionServer } from '../session/session-backing.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionSnapshot, SessionState } from '../session/session-state.js';
import { logFault, type ValueFault } from '../values/faults.js';

/** What the commit decided for one session. */
export interface Decision {
  readonly backend: SessionBackend;
  /** The `Set-Cookie` line, where there is one to send. */
  readonly cookie?: string;
  /** What is told once the headers leave. */
  readonly events: readonly { readonly kind: SessionEventKind; readonly id: string }[];
}

/** What the exchange says of changes. */
export interface Changes {
  /** Whether nothing that is written now could be kept, or be noticed when the response ends. */
  readonly isReadOnly: boolean;
  /** @throws SessionError `SESSION_HEADERS_SENT` where a change could not be kept */
  assertWritable(): void;
  /** @throws SessionError `SESSION_HEADERS_SENT` */
  refuseChange(): never;
}

/** One session of a request: where it comes from, and what becomes of it. */
export abstract class BackedSession<
  C extends SessionBackend = SessionBackend,
> implements SessionBacking {
  readonly session: RequestSession;

  constructor(
    protected readonly backend: C,
    protected readonly request: AnyRequest,
    protected readonly changes: Changes,
  ) {
    this.session = new RequestSession(this);
  }

  abstract readonly server: SessionServer | undefined;
  abstract load(): SessionRecord | undefined | Promise<SessionRecord | undefined>;
  abstract save(take: () => SessionSnapshot): SessionSnapshot | Promise<SessionSnapshot>;

  /**
   * Brings a store to what the request has done, before the response says so.
   *
   * @returns `undefined` where nothing is to be waited for
   */
  abstract commit(status: number): Promise<void> | undefined;

  /**
   * What the response must say of this session at a status.
   *
   * @throws SessionError where the session cannot be kept
   */
  abstract decide(status: number): Decision;

  /** Whether the session is another than the one that was committed. */
  abstract hasChangedSince(status: number): boolean;

  get isReadOnly(): boolean {
    return this.changes.isReadOnly;
  }

  assertWritable(): void {
    this.changes.assertWritable();
  }

  /** A new id goes out with the headers, wherever the values lie. */
  assertRenewable(): void {
    this.changes.assertWritable();
  }

  refuseChange(): never {
    return this.changes.refuseChange();
  }

  get name(): string {
    return this.backend.options.name;
  }

  get cookie() {
    return this.backend.options.cookie;
  }

  get rules() {
    return this.backend.options.rules;
  }

  report(fault: ValueFault): void {
    const { path, type, why, outcome } = fault;
    const { record, saved } = this.session;
    // What a new session has saved is read again after a reload, and no client has it yet.
    this.backend.publish('invalid', record?.id ?? saved?.id, { path, type, why, outcome });
    logFault(fault);
  }

  get isUnseen(): boolean {
    return isUnseen(this.request);
  }

  newId(): string {
    return this.backend.newId();
  }

  expiryOf(createdAt: number, cookie?: SessionRecord['cookie']): number {
    return this.backend.expiryOf(createdAt, Date.now(), cookie);
  }

  protected get cookieHeader(): string | undefined {
    return rawRequest(this.request).headers.cookie;
  }

  protected get isOverTls(): boolean {
    return isOverTls(this.request);
  }

  /** Whether the changes of a request are kept that ends with a status. */
  protected keeps(status: number): boolean {
    const keeps: unknown = this.backend.options.commitOn(status, this.request);
    if (typeof keeps === 'boolean') return keeps;
    throw new SessionError(
      'SESSION_CONFIG',
      `SessionModule: commitOn returned ${inspect(keeps, { depth: 0 })}; allowed: true, false.`,
    );
  }

  protected snapshotAt(status: number): SessionSnapshot {
    // A 304 shows what the browser has already, not the flashes of this answer.
    return this.session.snapshot(status === 304 || this.isUnseen);
  }

  protected recordOf(state: SessionState, now: number): SessionRecord {
    const { id, createdAt, cookie, texts } = state;
    const expiresAt = this.backend.expiryOf(createdAt, now, cookie);
    return { id, createdAt, sentAt: now, expiresAt, cookie, texts };
  }

  /** The line that deletes a cookie that the client has: it is told nothing of one that it has not. */
  protected deletionOf(own: SessionCookieOptions | undefined): string | undefined {
    const hasCookie = this.cookieHeader?.includes(`${this.backend.options.name}=`) ?? false;
    return hasCookie ? this.backend.deleteCookie(own, this.isOverTls) : undefined;
  }
}
