import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCalledByRouter } from './http/adapter.js';
import { type AnyRequest, describeRequest } from './http/request.js';
import { appendSetCookie, forbidSharedCaching, varyByCookie } from './http/response-headers.js';
import type { ResponseHook, ResponseListener } from './http/response-hook.js';
import type { CookieCarrier } from './session.carrier.js';
import { type Decision, OpenSession } from './session.open.js';
import { SessionError } from './session.errors.js';
import { publish } from './session.events.js';
import type { RequestSession } from './session.request.js';

/**
 * - `detached`: no response is known, as in a gateway; the sessions can only be read
 * - `open`: changes can still be committed
 * - `refused`: a commit failed and the filters were told; they may mend the session
 * - `failed`: a commit failed, and the client keeps what it had
 * - `sent`: the headers have left, with what was committed
 */
type ExchangeStatus = 'detached' | 'open' | 'refused' | 'failed' | 'sent';

/** The sessions of one request, and their commit into its response. */
export class SessionExchange implements ResponseListener {
  private static readonly logger = new Logger('Session');

  private status: ExchangeStatus = 'detached';
  private response: ServerResponse | undefined;
  private readonly sessions = new Map<CookieCarrier, OpenSession>();
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
    this.response = response;
    this.status = response.headersSent ? 'sent' : 'open';
    if (this.status === 'open') hook.attach(response);
  }

  sessionOf(carrier: CookieCarrier): RequestSession {
    let opened = this.sessions.get(carrier);
    if (opened === undefined) {
      opened = new OpenSession(carrier, this.request, this);
      this.sessions.set(carrier, opened);
    }
    return opened.session;
  }

  /** Whether nothing that is written now could be kept, or be noticed when the response ends. */
  get isReadOnly(): boolean {
    return this.isDetached || this.response?.writableEnded === true;
  }

  /**
   * Commits before Nest sends a reply, where an error can still go through Nest's filters.
   *
   * @param status of the reply
   * @param reply sends it
   * @param replyError sends a plain 500 instead
   * @throws SessionError where the commit fails, and Nest's router hands it to the filters
   */
  beforeReply<T>(status: number, reply: () => T, replyError: () => T): T {
    if (!this.decideFor(status)) return replyError();
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
    if (isCalledByRouter()) this.beforeReply(status, ignore, ignore);
  }

  /** @returns whether the reply may go out */
  private decideFor(status: number): boolean {
    if (this.status === 'refused') {
      this.decideAgain(status);
      return true;
    }
    if (this.status !== 'open') return true;
    try {
      this.decide(status);
      return true;
    } catch (error) {
      this.decisions = [];
      if (isCalledByRouter()) {
        this.status = 'refused';
        throw error;
      }
      // What an asynchronous filter throws is caught by nobody, and would end the process.
      this.status = 'failed';
      SessionExchange.logger.error(error);
      return false;
    }
  }

  /** The filters were told once; what fails again does not take their answer from the client. */
  private decideAgain(status: number): void {
    try {
      this.decide(status);
      this.status = 'open';
    } catch {
      this.decisions = [];
      this.status = 'failed';
    }
  }

  beforeHeaders(response: ServerResponse): void {
    if (this.status === 'refused') this.decideAgain(response.statusCode);
    if (this.status === 'open') {
      if (!this.isReplying) this.leftAt = new Error('The headers left here.');
      if (!this.isReplying || this.decidedFor !== response.statusCode) {
        this.decide(response.statusCode);
      }
      this.status = 'sent';
    }
    this.send(response);
  }

  failed(error: unknown, response: ServerResponse): void {
    this.status = 'failed';
    this.decisions = [];
    this.send(response);
    SessionExchange.logger.error(error);
  }

  endedLate(): void {
    if (this.isReplying || this.status !== 'sent') return;
    for (const session of this.sessions.values()) {
      try {
        if (session.hasChangedSince(this.decidedFor)) this.refuseChange();
      } catch (error) {
        // The response ends, whatever was done to the session.
        SessionExchange.logger.error(error);
      }
    }
  }

  /** The one commit: decides for each session what the response must say. */
  private decide(status: number): void {
    this.decisions = [];
    this.decidedFor = status;
    for (const session of this.sessions.values()) this.decisions.push(session.decide(status));
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
    if (this.status === 'sent' || this.status === 'detached') this.refuseChange();
  }

  /** @throws SessionError `SESSION_HEADERS_SENT` */
  refuseChange(): never {
    if (this.status === 'detached') {
      throw new SessionError(
        'SESSION_HEADERS_SENT',
        `This session was opened without a response that could carry a change. Hand it over too: sessions.get(request, response). A gateway has none: there a session can only be read.`,
      );
    }
    const where = describeRequest(this.request);
    const left =
      this.leftAt === undefined
        ? `with what Nest answered to ${where}`
        : `${callerOf(this.leftAt)}, in ${where}`;
    throw new SessionError(
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
