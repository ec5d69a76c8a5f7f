import { inspect } from 'node:util';
import { type AnyRequest, isOverTls, isUnseen, rawRequest } from '../http/request.js';
import { cookieValues } from '../http/cookie-header.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { SessionError } from '../session.errors.js';
import type { SessionEventKind } from '../session.events.js';
import { LiveSession } from '../session/live-session.js';
import { refuseProperties, RequestSession } from '../session/request-session.js';
import type { SessionBacking, StoredBacking } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionSnapshot } from '../session/session-state.js';
import { logFault, type ValueFault } from '../values/faults.js';
import type { SessionBackend } from './session-backend.js';

/**
 * What a commit keeps of a request:
 *
 * - `done`: what it saved or ended, and nothing else
 * - `changes`: all that it changed
 * - `changes-and-flashes`: the same, and the flashes that it read, for nobody sees its answer
 */
export type Kept = 'done' | 'changes' | 'changes-and-flashes';

/** What the commit decided for one session. */
export interface Decision {
  readonly backend: SessionBackend;
  /** The `Set-Cookie` line, where there is one to send. */
  readonly cookie?: string;
  /** What is told once the headers leave. */
  readonly events: readonly { readonly kind: SessionEventKind; readonly id: string }[];
}

/** What becomes of changes, as far as the response has come. */
export interface ResponseState {
  /** Whether nothing that is written now could be kept, or be noticed when the response ends. */
  readonly isReadOnly: boolean;
  /** Whether the response has ended: nobody looks at the session again. */
  readonly hasEnded: boolean;
  /** @throws SessionError `SESSION_HEADERS_SENT` where a change could not be kept */
  assertWritable(): void;
  /** @throws SessionError `SESSION_HEADERS_SENT` */
  refuseChange(): never;
  /** Tells the log of a change that came too late and that nobody saved. */
  reportChange(): void;
}

/** One session of a request: where it comes from, and what becomes of it. */
export abstract class BackedSession<
  B extends SessionBackend = SessionBackend,
> implements SessionBacking {
  readonly live: LiveSession;
  /** What the application holds. */
  readonly session: RequestSession;
  private decidedKept: Kept = 'done';
  private decidedTouches = -1;

  constructor(
    readonly backend: B,
    protected readonly request: AnyRequest,
    protected readonly response: ResponseState,
  ) {
    this.live = new LiveSession(this);
    this.session = new RequestSession(this.live);
  }

  abstract readonly store: StoredBacking | undefined;
  abstract load(): SessionRecord | undefined | Promise<SessionRecord | undefined>;
  abstract save(take: () => SessionSnapshot): SessionSnapshot | Promise<SessionSnapshot>;

  /**
   * Brings a store to what the request has done, before the response says so.
   *
   * @returns `undefined` where nothing is to be waited for
   */
  abstract commit(kept: Kept): Promise<void> | undefined;

  protected abstract decideFor(kept: Kept): Decision;

  /** Whether the session is another than the one that was committed. */
  abstract hasChangedSince(): boolean;

  /** @throws SessionError where the session as it is now could not be kept */
  abstract check(): void;

  /** @throws SessionError `SESSION_ENDED` where the commit met a session that was ended elsewhere */
  assertKept(): void {}

  /** Takes the session from the request; at once where nothing has to be waited for. */
  open(): RequestSession | Promise<RequestSession> {
    const opening = this.live.open();
    return opening === undefined ? this.session : opening.then(() => this.session);
  }

  /** Whether anybody has looked at the session. */
  get isOpen(): boolean {
    return this.live.status !== 'unopened';
  }

  /**
   * What the response must say of this session.
   *
   * @throws SessionError where the session cannot be kept
   */
  decide(kept: Kept): Decision {
    const decision = this.decideFor(kept);
    this.decidedKept = kept;
    this.decidedTouches = this.live.touches;
    return decision;
  }

  /** Whether the decision holds for a status, and nobody has changed anything since. */
  isDecidedFor(status: number, isDropped: boolean): boolean {
    if (this.decidedTouches !== this.live.touches) return false;
    if (isDropped) return this.decidedKept === 'done';
    return this.keptAt(status) === this.decidedKept;
  }

  /** What is kept of a request that ends with a status. */
  keptAt(status: number): Kept {
    const keeps: unknown = this.backend.options.commitOn(status, this.request);
    if (typeof keeps !== 'boolean') {
      throw new SessionError(
        'SESSION_CONFIG',
        `SessionModule: commitOn returned ${inspect(keeps, { depth: 0 })}; allowed: true, false.`,
      );
    }
    if (!keeps) return 'done';
    // A 304 shows what the browser has already, not the flashes of this answer.
    return status === 304 || this.isUnseen ? 'changes-and-flashes' : 'changes';
  }

  protected snapshot(kept: Kept): SessionSnapshot {
    return this.live.snapshot(kept === 'changes-and-flashes');
  }

  /** The line that deletes a cookie that the client has: it is told nothing of one that it has not. */
  protected deletionOf(own: SessionCookieOptions | undefined): string | undefined {
    const hasCookie = cookieValues(this.cookieHeader, this.name).length > 0;
    return hasCookie ? this.backend.deleteCookie(own, this.isOverTls) : undefined;
  }

  get isReadOnly(): boolean {
    return this.response.isReadOnly;
  }

  assertWritable(): void {
    this.response.assertWritable();
  }

  /** A new id goes out with the headers, wherever the values lie. */
  assertRenewable(): void {
    this.response.assertWritable();
  }

  refuseChange(): never {
    return this.response.refuseChange();
  }

  refuseProperties(): void {
    refuseProperties(this.session);
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
    const { record, saved } = this.live;
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
}
