import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnyRequest, describeRequest } from './http/request.js';
import { appendSetCookie, forbidSharedCaching, varyByCookie } from './http/response-headers.js';
import type { ResponseHook, ResponseListener } from './http/response-hook.js';
import type { CookieCarrier } from './session.carrier.js';
import { type Decision, SessionCommit } from './session.commit.js';
import { SessionError } from './session.errors.js';
import { publish } from './session.events.js';
import type { RequestSession } from './session.request.js';

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
  private readonly sessions = new Map<CookieCarrier, SessionCommit>();
  private decisions: Decision[] = [];
  /** The status that the decisions were made for. */
  private decidedFor = 0;
  /** Whether nothing can have changed since the decisions: Nest is just sending its reply. */
  private isReplying = false;
  /** Where the headers left, if not by Nest's own reply. */
  private leftAt: Error | undefined;

  /** @param owner whose sessions these are: another application's are not */
  constructor(
    private readonly request: AnyRequest,
    readonly owner: object,
  ) {}

  get isDetached(): boolean {
    return this.status === 'detached';
  }

  /** Takes the response that carries what is committed. */
  attach(response: ServerResponse, hook: ResponseHook): void {
    this.status = response.headersSent ? 'sent' : 'open';
    if (this.status === 'open') hook.attach(response);
  }

  sessionOf(carrier: CookieCarrier): RequestSession {
    let open = this.sessions.get(carrier);
    if (open === undefined) {
      open = new SessionCommit(carrier, this.request, this);
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

  /** @throws SessionError `SESSION_HEADERS_SENT` where a change could not be kept */
  assertWritable(): void {
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

function ignore(): void {}

const HERE = dirname(fileURLToPath(import.meta.url));

/** The innermost place of the application in a stack, for people to find. */
function callerOf(left: Error): string {
  const frames = (left.stack ?? '').split('\n').slice(1);
  const isForeign = (frame: string) => /node:|node_modules/.test(frame) || frame.includes(HERE);
  return frames.find((frame) => !isForeign(frame))?.trim() ?? 'before';
}
