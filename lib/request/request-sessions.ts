import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFromRouter, type ReplyGate, traceCall } from '../http/adapter.js';
import { type AnyRequest, describeRequest, isConditional } from '../http/request.js';
import { appendSetCookie, forbidSharedCaching, varyByCookie } from '../http/response-headers.js';
import type { ResponseHook, ResponseListener } from '../http/response-hook.js';
import type { SessionBackend } from '../backends/session-backend.js';
import type { Changes, Decision, BackedSession } from '../backends/backed-session.js';
import { SessionError } from '../session.errors.js';
import type { RequestSession } from '../session/request-session.js';

/** A backend that makes the sessions of its name. */
export interface OpeningBackend extends SessionBackend {
  sessionOf(request: AnyRequest, changes: Changes): BackedSession;
}

/**
 * - `detached`: no response is known, as in a gateway; no cookie can be sent
 * - `open`: changes can still be committed
 * - `refused`: a commit failed and the filters were told; they may mend the session
 * - `failed`: a commit failed, and the client keeps what it had
 * - `sent`: the headers have left, with what was committed
 */
type ExchangeStatus = 'detached' | 'open' | 'refused' | 'failed' | 'sent';

/** The sessions of one request, and their commit into its response. */
export class RequestSessions implements ResponseListener, ReplyGate, Changes {
  private static readonly logger = new Logger('Session');

  private status: ExchangeStatus = 'detached';
  private response: ServerResponse | undefined;
  private readonly sessions = new Map<SessionBackend, BackedSession>();
  private hasStores = false;
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

  sessionOf(backend: OpeningBackend): RequestSession {
    let opened = this.sessions.get(backend);
    if (opened === undefined) {
      opened = backend.sessionOf(this.request, this);
      this.sessions.set(backend, opened);
      this.hasStores ||= opened.server !== undefined;
    }
    return opened.session;
  }

  get isReadOnly(): boolean {
    return this.isDetached || this.response?.writableEnded === true;
  }

  /**
   * Commits before Nest sends a reply, where an error can still go through Nest's filters.
   *
   * @param status of the reply
   * @param reply sends it
   * @param replyError sends a plain error instead
   * @returns what `reply` does: later, where the commit waits for a store
   * @throws SessionError where the commit fails, and Nest's router hands it to the filters
   */
  beforeReply<T>(
    status: number,
    reply: () => T,
    replyError: (error: unknown) => T,
  ): T | Promise<T> {
    if (this.status !== 'open' && this.status !== 'refused') return this.reply(reply);
    if (this.hasStores && this.mayBeNotModified) return reply();
    const onError = (error: unknown, call: Error): T =>
      this.onCommitError(error, call) ? this.reply(reply) : replyError(error);
    try {
      const committing = this.commit(status);
      if (committing !== undefined) {
        // Who called can be told before anything is awaited only.
        const call = traceCall();
        return committing
          .then(
            () => this.reply(reply),
            (error: unknown) => onError(error, call),
          )
          .catch((error: unknown) => this.onLateError(error, call));
      }
    } catch (error) {
      return onError(error, traceCall());
    }
    return this.reply(reply);
  }

  /** A filter waits for nobody: what fails once it has returned would end the process. */
  private onLateError(error: unknown, call: Error): never {
    if (isFromRouter(call)) throw error;
    RequestSessions.logger.error(error);
    return undefined as never;
  }

  /**
   * Whether the adapter may make a 304 of this reply, which shows no flashes: what a store has
   * forgotten by then would be lost. Such a session is committed when the status is known.
   */
  private get mayBeNotModified(): boolean {
    return (
      isConditional(this.request) &&
      [...this.sessions.values()].some(({ session }) => session.hasConsumedFlashes)
    );
  }

  private reply<T>(reply: () => T): T {
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
  beforeRender(status: number): void | Promise<void> {
    if (isFromRouter(traceCall())) return this.beforeReply(status, ignore, ignore);
  }

  /**
   * @returns whether the reply may go out all the same
   * @throws SessionError where Nest's router asked, which hands it to the filters
   */
  private onCommitError(error: unknown, call: Error): boolean {
    this.decisions = [];
    if (this.status === 'refused') {
      // The filters were told once; what fails again does not take their answer from the client.
      this.status = 'failed';
      return true;
    }
    if (isFromRouter(call)) {
      this.status = 'refused';
      throw error;
    }
    // What an asynchronous filter throws is caught by nobody, and would end the process.
    this.status = 'failed';
    RequestSessions.logger.error(error);
    return false;
  }

  beforeWriting(status: number): Promise<void> | undefined {
    if (this.status !== 'open' && this.status !== 'refused') return undefined;
    if (this.isReplying && this.decidedFor === status) return undefined;
    if (!this.hasStores) return undefined;
    const call = new Error('The headers left here.');
    const writing = this.tryToWrite(status);
    if (writing === undefined) return undefined;
    this.leftAt ??= call;
    return writing.catch((error: unknown) => this.onWriteError(error));
  }

  /** What fails at once fails like what fails later. */
  private tryToWrite(status: number): Promise<void> | undefined {
    try {
      return this.writeToStores(status);
    } catch (error) {
      return rejected(error);
    }
  }

  private onWriteError(error: unknown): void {
    if (this.status !== 'refused') throw error;
    this.decisions = [];
    this.status = 'failed';
  }

  beforeHeaders(response: ServerResponse): void {
    if (this.status === 'open' || this.status === 'refused') {
      if (!this.isReplying) this.leftAt ??= new Error('The headers left here.');
      const isDecided = this.isReplying && this.decidedFor === response.statusCode;
      this.status = isDecided || this.decideAgain(response.statusCode) ? 'sent' : 'failed';
    }
    this.send(response);
  }

  /** @returns whether the session goes out with the headers */
  private decideAgain(status: number): boolean {
    try {
      this.decide(status);
      return true;
    } catch (error) {
      this.onWriteError(error);
      return false;
    }
  }

  failed(error: unknown, response: ServerResponse): void {
    this.status = 'failed';
    this.decisions = [];
    this.send(response);
    RequestSessions.logger.error(error);
  }

  endedLate(): void {
    if (this.isReplying || this.status !== 'sent') return;
    for (const session of this.sessions.values()) {
      try {
        if (session.hasChangedSince(this.decidedFor)) this.refuseChange();
      } catch (error) {
        // The response ends, whatever was done to the session.
        RequestSessions.logger.error(error);
      }
    }
  }

  /** The one commit: what stores must hold, they hold before the response says so. */
  private commit(status: number): Promise<void> | undefined {
    const writing = this.writeToStores(status);
    if (writing !== undefined) return writing.then(() => this.decided(status));
    this.decided(status);
    return undefined;
  }

  private decided(status: number): void {
    this.decide(status);
    this.status = 'open';
  }

  /** @returns `undefined` where nothing has to be waited for */
  private writeToStores(status: number): Promise<void> | undefined {
    if (!this.hasStores) return undefined;
    const sessions = [...this.sessions.values()];
    // What does not fit into a cookie must fail before anything is written.
    for (const session of sessions) if (session.server === undefined) session.decide(status);
    const writing = sessions
      .map((session) => session.commit(status))
      .filter((one) => one !== undefined);
    return writing.length < 2 ? writing[0] : Promise.all(writing).then(ignore);
  }

  /** Decides for each session what the response must say. */
  private decide(status: number): void {
    this.decisions = [];
    this.decidedFor = status;
    for (const session of this.sessions.values()) this.decisions.push(session.decide(status));
  }

  private send(response: ServerResponse): void {
    let dependsOnCookie = false;
    for (const { backend, cookie, events } of this.decisions) {
      if (cookie !== undefined) {
        dependsOnCookie = true;
        appendSetCookie(response, backend.options.name, cookie);
        forbidSharedCaching(response);
      }
      for (const { kind, id } of events) backend.publish(kind, id);
    }
    for (const { session } of this.sessions.values()) dependsOnCookie ||= session.isUsed;
    if (dependsOnCookie) varyByCookie(response);
  }

  assertWritable(): void {
    if (this.status === 'sent' || this.status === 'detached') this.refuseChange();
  }

  refuseChange(): never {
    if (this.status === 'detached') {
      throw new SessionError(
        'SESSION_HEADERS_SENT',
        `This session was opened without a response that could carry a change. Hand it over too: sessions.get(request, response). A gateway has none: there a session can only be read, or, where a store keeps it, be changed with save().`,
      );
    }
    const where = describeRequest(this.request);
    const left =
      this.leftAt === undefined
        ? `with what Nest answered to ${where}`
        : `${callerOf(this.leftAt)}, in ${where}`;
    throw new SessionError(
      'SESSION_HEADERS_SENT',
      `A session was changed after the headers that carry its cookie had left ${left}. Change it before, for what comes after cannot reach the client. (Where a store keeps the session, save() keeps it still.)`,
      { cause: this.leftAt },
    );
  }
}

function ignore(): void {}

async function rejected(error: unknown): Promise<never> {
  throw error;
}

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));

/** The innermost place of the application in a stack, for people to find. */
function callerOf(left: Error): string {
  const frames = (left.stack ?? '').split('\n').slice(1);
  const isForeign = (frame: string) => /node:|node_modules/.test(frame) || frame.includes(HERE);
  return frames.find((frame) => !isForeign(frame))?.trim() ?? 'before';
}
