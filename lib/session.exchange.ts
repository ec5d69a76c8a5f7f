import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AnyRequest,
  describeRequest,
  isOverTls,
  isUnseen,
  rawRequest,
} from './http/request.js';
import { appendSetCookie, forbidSharedCaching, varyByCookie } from './http/response-headers.js';
import { hookResponse, type ResponseListener } from './http/response-hook.js';
import type { CookieCarrier, LoadedRecord } from './session.carrier.js';
import { SessionError } from './session.errors.js';
import { publish, type SessionEventKind } from './session.events.js';
import type { SessionRecord } from './session.record.js';
import {
  haveSameTexts,
  RequestSession,
  type SessionHost,
  type SessionSnapshot,
} from './session.js';

/** What the commit decided for one session. */
interface Decision {
  readonly carrier: CookieCarrier;
  /** The `Set-Cookie` line, where there is one to send. */
  readonly cookie?: string;
  readonly events: readonly { readonly kind: SessionEventKind; readonly id: string }[];
}

/**
 * - `detached`: no response is known, as in a gateway; the sessions can only be read
 * - `open`: changes can still be committed
 * - `sent`: the headers have left, with what was committed
 * - `failed`: a commit failed; the client keeps what it had
 */
type ExchangeStatus = 'detached' | 'open' | 'sent' | 'failed';

/** The sessions of one request, and their commit into its response. */
export class SessionExchange implements ResponseListener {
  private static readonly logger = new Logger('Session');

  private status: ExchangeStatus = 'detached';
  private readonly sessions = new Map<CookieCarrier, OpenSession>();
  private decisions: Decision[] = [];
  /** The status that the decisions were made for. */
  private decidedFor = 0;
  /** Whether nothing can have changed since the decisions: Nest is just sending its reply. */
  private isReplying = false;
  /** Where the headers left, if not by Nest's own reply. */
  private leftAt: Error | undefined;

  constructor(private readonly request: AnyRequest) {}

  get isDetached(): boolean {
    return this.status === 'detached';
  }

  /** Takes the response that carries what is committed. */
  attach(response: ServerResponse): void {
    this.status = response.headersSent ? 'sent' : 'open';
    if (this.status === 'open') hookResponse(response, this);
  }

  sessionOf(carrier: CookieCarrier): RequestSession {
    let open = this.sessions.get(carrier);
    if (open === undefined) {
      open = new OpenSession(carrier, this.request, () => this.assertWritable());
      this.sessions.set(carrier, open);
    }
    return open.session;
  }

  /**
   * Commits before Nest sends a reply, where an error can still go through Nest's filters.
   *
   * @param status of the reply
   * @param reply sends it
   * @param replyError sends a plain 500 instead
   * @throws SessionError where the commit fails and the reply is none of an error
   */
  beforeReply<T>(status: number, reply: () => T, replyError: () => T): T {
    if (this.status !== 'open') return reply();
    try {
      this.decide(status);
    } catch (error) {
      this.status = 'failed';
      // What a filter sends must not fail again: nothing above it would catch that.
      if (status < 400) throw error;
      SessionExchange.logger.error(error);
      return replyError();
    }
    this.isReplying = true;
    try {
      return reply();
    } finally {
      this.isReplying = false;
    }
  }

  /**
   * Commits before a template is rendered, where an error can still go through Nest's filters.
   * What the template itself reads is committed before the headers.
   *
   * @throws SessionError where the commit fails
   */
  beforeRender(status: number): void {
    if (status < 400) this.beforeReply(status, ignore, ignore);
  }

  beforeHeaders(response: ServerResponse): void {
    if (this.status !== 'open') return;
    if (!this.isReplying) this.leftAt = new Error('The headers left here.');
    if (!this.isReplying || this.decidedFor !== response.statusCode) {
      this.decide(response.statusCode);
    }
    this.status = 'sent';
    this.send(response);
  }

  failed(error: unknown): void {
    this.status = 'failed';
    SessionExchange.logger.error(error);
  }

  endedLate(): void {
    if (this.isReplying || this.status !== 'sent') return;
    for (const open of this.sessions.values()) {
      if (open.hasChangedSince(this.decidedFor)) SessionExchange.logger.error(this.headersSent());
    }
  }

  /** The one commit: decides for each session what the response must say. */
  private decide(status: number): void {
    this.decisions = [];
    this.decidedFor = status;
    for (const open of this.sessions.values()) this.decisions.push(open.decide(status));
  }

  private send(response: ServerResponse): void {
    for (const { carrier, cookie, events } of this.decisions) {
      if (cookie !== undefined) {
        appendSetCookie(response, carrier.options.name, cookie);
        forbidSharedCaching(response);
      }
      for (const { kind, id } of events) {
        publish(kind, () => ({ session: carrier.options.name, idHash: carrier.hash(id) }));
      }
    }
    const isUsed = [...this.sessions.values()].some(({ session }) => session.isUsed);
    if (isUsed || this.decisions.some(({ cookie }) => cookie !== undefined)) varyByCookie(response);
  }

  private assertWritable(): void {
    if (this.status === 'sent') throw this.headersSent();
    if (this.status !== 'detached') return;
    throw new SessionError(
      'SESSION_HEADERS_SENT',
      `This session was opened without a response that could carry a change. Hand it over too: sessions.get(request, response). A gateway has none: there a session can only be read.`,
    );
  }

  private headersSent(): SessionError {
    const where = describeRequest(this.request);
    const left =
      this.leftAt === undefined
        ? `with what Nest answered to ${where}`
        : `${callerOf(this.leftAt)}, in ${where}`;
    return new SessionError(
      'SESSION_HEADERS_SENT',
      `A session was changed after the headers that carry its cookie had left ${left}. Change it before, for what comes after cannot reach the client.`,
      { cause: this.leftAt },
    );
  }
}

/** One session of the exchange: where it comes from, and what becomes of it. */
class OpenSession implements SessionHost {
  readonly session = new RequestSession(this);
  private loaded: LoadedRecord | undefined;
  private committed: SessionSnapshot | undefined;

  constructor(
    private readonly carrier: CookieCarrier,
    private readonly request: AnyRequest,
    readonly assertWritable: () => void,
  ) {}

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
    this.carrier.checkSize(this.recordOf(snapshot, Date.now()));
  }

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

    if (session.isAsLoaded(snapshot)) {
      if (carrier.isDue(session.record!, now)) return this.write(snapshot, now, ['renewed']);
      return this.loaded!.isOutdated ? this.seal(session.record!, now, ['committed']) : nothing;
    }
    const kinds: SessionEventKind[] = ['committed'];
    if (session.hasBegunHere) kinds.unshift('created');
    if (session.status === 'regenerated') kinds.unshift('regenerated');
    const decision = this.write(snapshot, now, kinds);
    if (session.status !== 'destroyed' || session.record === undefined) return decision;
    return { ...decision, events: [{ kind: 'destroyed', id: lastId }, ...decision.events] };
  }

  /** Whether the values are others than those that went out with the headers. */
  hasChangedSince(status: number): boolean {
    const { session, committed } = this;
    if (session.status === 'unopened' || committed === undefined) return false;
    const now = this.snapshotFor(status)!;
    if (now === session.saved) return false;
    return now.id !== committed.id || !haveSameTexts(now.texts, committed.texts);
  }

  /** What is kept at a status: all, or what was saved. */
  private snapshotFor(status: number): SessionSnapshot | undefined {
    const { session } = this;
    if (!this.carrier.options.commitOn(status, this.request)) return session.saved;
    // A 304 shows what the browser has already, not the flashes of this answer.
    return session.snapshot(status === 304 || this.isUnseen);
  }

  private write(
    snapshot: SessionSnapshot,
    now: number,
    kinds: readonly SessionEventKind[],
  ): Decision {
    return this.seal(this.recordOf(snapshot, now), now, kinds);
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
    return { carrier, cookie, events: id === '' ? [] : [{ kind: 'destroyed', id }] };
  }
}

function ignore(): void {}

const HERE = dirname(fileURLToPath(import.meta.url));

/** The innermost place of the application in a stack, for people to find. */
function callerOf(left: Error): string {
  const frames = (left.stack ?? '').split('\n').slice(1);
  const isForeign = (frame: string) => /node:|node_modules/.test(frame) || frame.includes(HERE);
  return frames.find((frame) => !isForeign(frame))?.trim() ?? 'before';
}
