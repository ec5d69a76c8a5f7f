import { inspect } from 'node:util';
import { type AnyRequest, isOverTls, isUnseen, rawRequest } from './http/request.js';
import type { CookieCarrier, LoadedRecord } from './session.carrier.js';
import { SessionError } from './session.errors.js';
import type { SessionEventKind } from './session.events.js';
import type { SessionRecord } from './session.record.js';
import {
  areSame,
  RequestSession,
  type SessionHost,
  type SessionSnapshot,
} from './session.request.js';

/** What the commit decided for one session. */
export interface Decision {
  readonly carrier: CookieCarrier;
  /** The `Set-Cookie` line, where there is one to send. */
  readonly cookie?: string;
  readonly events: readonly { readonly kind: SessionEventKind; readonly id: string }[];
}

/** What the exchange says of changes. */
type Changes = Pick<SessionHost, 'isReadOnly' | 'assertWritable' | 'refuseChange'>;

/** One session of a request: where it comes from, and what becomes of it. */
export class OpenSession implements SessionHost {
  readonly session = new RequestSession(this);
  private loaded: LoadedRecord | undefined;
  private committed: SessionSnapshot | undefined;

  constructor(
    private readonly carrier: CookieCarrier,
    private readonly request: AnyRequest,
    private readonly changes: Changes,
  ) {}

  get isReadOnly(): boolean {
    return this.changes.isReadOnly;
  }

  assertWritable(): void {
    this.changes.assertWritable();
  }

  refuseChange(): never {
    return this.changes.refuseChange();
  }

  get name(): string {
    return this.carrier.options.name;
  }

  get cookie() {
    return this.carrier.options.cookie;
  }

  get isUnseen(): boolean {
    return isUnseen(this.request);
  }

  load(): SessionRecord | undefined {
    this.loaded = this.carrier.load(rawRequest(this.request).headers.cookie);
    return this.loaded?.record;
  }

  newId(): string {
    return this.carrier.newId();
  }

  expiryOf(createdAt: number, cookie?: SessionRecord['cookie']): number {
    return this.carrier.expiryOf(createdAt, Date.now(), cookie);
  }

  save(snapshot: SessionSnapshot): void {
    this.carrier.check(this.recordOf(snapshot, Date.now()));
  }

  /**
   * What the response must say of this session at a status.
   *
   * @throws SessionError where the session cannot be kept
   */
  decide(status: number): Decision {
    const { carrier, session } = this;
    const now = Date.now();
    const nothing: Decision = { carrier, events: [] };
    if (session.status === 'unopened') return nothing;
    const snapshot = this.snapshotFor(status);
    this.committed = snapshot;
    const isEmpty = snapshot === undefined || snapshot.texts.size === 0;
    const lastId = session.record?.id ?? snapshot?.id ?? '';

    if (session.status === 'destroyed' && isEmpty) return this.delete(lastId);
    if (snapshot === undefined || (session.hasBegunHere && isEmpty)) return nothing;
    if (carrier.cookieOf(snapshot.cookie).maxAge < 0) return this.delete(lastId);

    if (session.isAsLoaded(snapshot)) return this.sendAgain(snapshot, now) ?? nothing;
    const { record } = session;
    const kinds: SessionEventKind[] = ['committed'];
    if (session.hasBegunHere) kinds.unshift('created');
    else if (record !== undefined && record.id !== snapshot.id) kinds.unshift('regenerated');
    const decision = this.seal(this.recordOf(snapshot, now), now, kinds);
    if (session.status !== 'destroyed' || record === undefined) return decision;
    return { ...decision, events: [{ kind: 'destroyed', id: lastId }, ...decision.events] };
  }

  /**
   * An unchanged session goes out again if it is due, or under a newer key. If it no longer fits
   * (`maxCookieBytes` was lowered), the client keeps the one that it has: a read does not fail.
   */
  private sendAgain(snapshot: SessionSnapshot, now: number): Decision | undefined {
    const { carrier, session } = this;
    const record = session.record!;
    const isDue = carrier.isDue(record, now);
    if (!isDue && !this.loaded!.isOutdated) return undefined;
    const next = isDue ? this.recordOf(snapshot, now) : record;
    return carrier.fits(next) ? this.seal(next, now, [isDue ? 'renewed' : 'committed']) : undefined;
  }

  /** Whether the session is another than the one that went out with the headers. */
  hasChangedSince(status: number): boolean {
    const { session, committed } = this;
    if (session.status === 'unopened' || committed === undefined) return false;
    const now = this.snapshotFor(status);
    return now !== undefined && now !== session.saved && !areSame(now, committed);
  }

  /** What is kept at a status: all, or what was saved. */
  private snapshotFor(status: number): SessionSnapshot | undefined {
    const keeps: unknown = this.carrier.options.commitOn(status, this.request);
    if (typeof keeps !== 'boolean') {
      throw new SessionError(
        'SESSION_CONFIG',
        `SessionModule: commitOn returned ${inspect(keeps, { depth: 0 })}; allowed: true, false.`,
      );
    }
    if (!keeps) return this.session.saved;
    // A 304 shows what the browser has already, not the flashes of this answer.
    return this.session.snapshot(status === 304 || this.isUnseen);
  }

  private recordOf(snapshot: SessionSnapshot, now: number): SessionRecord {
    const { id, createdAt, cookie, texts } = snapshot;
    const expiresAt = this.carrier.expiryOf(createdAt, now, cookie);
    return { id, createdAt, sentAt: now, expiresAt, cookie, texts };
  }

  private seal(record: SessionRecord, now: number, kinds: readonly SessionEventKind[]): Decision {
    const { carrier } = this;
    const cookie = carrier.setCookie(carrier.seal(record), record, now, isOverTls(this.request));
    const events = cookie === undefined ? [] : kinds.map((kind) => ({ kind, id: record.id }));
    return { carrier, cookie, events };
  }

  /** Deletes a cookie that the client has: it is told nothing of one that it has not. */
  private delete(id: string): Decision {
    const { carrier, session } = this;
    const header = rawRequest(this.request).headers.cookie;
    if (header === undefined || !header.includes(`${carrier.options.name}=`)) {
      return { carrier, events: [] };
    }
    const cookie = carrier.deleteCookie(session.record?.cookie, isOverTls(this.request));
    return {
      carrier,
      cookie,
      events: id === '' || cookie === undefined ? [] : [{ kind: 'destroyed', id }],
    };
  }
}
