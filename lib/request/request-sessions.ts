import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { BackedSession } from '../backends/backed-session.js';
import type { ResponseState } from '../backends/response-state.js';
import type { Decision } from '../backends/decision.js';
import { openSession, type SessionBackendOf } from '../backends/open-session.js';
import { type AnyRequest, isConditional } from '../http/request.js';
import type { ResponseHook, ResponseListener } from '../http/response-hook.js';
import { allOf, failedLater } from './all-of.js';
import { endDeleted } from './deleted-cookies.js';
import { lateChange, leavingHere } from './late-change.js';
import type { HandlerNeeds } from './handler-needs.js';
import { sendDecisions } from './send-decisions.js';
import { refuseDeletion, showAfter } from './shown-session.js';

/** The backends of an application, as far as its requests need them. */
export interface Backends {
  /** @throws SessionError `SESSION_UNAVAILABLE` where no session has that name */
  named(name: string | undefined): SessionBackendOf;
}

/**
 * - `detached`: no response is known, as in a gateway; no cookie can be sent
 * - `open`: changes can still be committed
 * - `told`: a commit failed and the filters were told; they may mend the session
 * - `sent`: the headers have left, with what was committed
 */
type Status = 'detached' | 'open' | 'told' | 'sent';

/** The sessions of one request, and their commit into its response. */
export class RequestSessions implements ResponseListener, ResponseState {
  private static readonly logger = new Logger('Session');

  private status: Status = 'detached';
  private response: ServerResponse | undefined;
  // Private to the language, so that no log that shows a request shows its sessions.
  readonly #opened: BackedSession[] = [];
  /** What the response says of each session; `undefined` until that is decided. */
  #decisions: Decision[] | undefined;
  /** Whether the application held live values before the handler ran: it may change them at any time. */
  private isShared = false;
  /** Whether nothing is kept but what was saved or ended. */
  private isDropped = false;
  /** What the response must become an error for. */
  private failure: Error | undefined;
  /** The request, once it has `request.session` as its own property. */
  shownOn: AnyRequest | undefined;
  /** Where the headers left, if not by Nest's own reply. */
  private leftAt: Error | undefined;

  /** @param backends whose sessions these are: another application's are not */
  constructor(
    readonly request: AnyRequest,
    readonly backends: Backends,
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

  /**
   * The session of a name, which is taken from the request when somebody first looks at it.
   *
   * @param name Default: the first session of the module
   * @throws SessionError `SESSION_UNAVAILABLE` where no session has that name
   */
  session(name?: string): BackedSession {
    const backend = this.backends.named(name);
    for (const one of this.#opened) if (one.backend === backend) return one;
    const opened = openSession(backend, this.request, this);
    this.#opened.push(opened);
    return opened;
  }

  /**
   * Opens what a handler takes before it runs, and what it or its template could not wait for.
   *
   * @returns `undefined` where nothing has to be waited for
   * @throws SessionError at once or later, where one cannot be opened
   */
  hydrate({ names, rendersView, showsSession }: HandlerNeeds): Promise<void> | undefined {
    for (const { live } of this.#opened) this.isShared ||= live.touches > 0;
    const opening = names.map((name) => this.session(name).live.open());
    // Who put the interceptor there without a decorator reaches for `request.session`.
    if (rendersView || names.length === 0) opening.push(this.session().live.openIfSlow());
    const opened = allOf(opening);
    // Another library's property is not looked at.
    const isOurs = showsSession && this.session().backend.options.requestSession;
    return isOurs ? showAfter(opened, this.request) : opened;
  }

  /**
   * Commits what a handler did, before Nest replies.
   *
   * @returns `undefined` where nothing has to be waited for
   * @throws SessionError at once or later, where the session cannot be kept
   */
  commit(): Promise<void> | undefined {
    if (this.isDetached) return this.commitWithoutResponse();
    // A handler may have sent the response itself.
    if (this.status !== 'open' || this.response!.headersSent) return undefined;
    if (this.mustWait && this.mayBeNotModified) return undefined;
    const { statusCode } = this.response!;
    endDeleted(this.#opened, this.response!);
    try {
      refuseDeletion(this.shownOn);
      const writing = this.write(statusCode);
      if (writing === undefined) this.decide(statusCode, true);
      else return writing.then(() => this.decide(statusCode)).catch((error) => this.tell(error));
    } catch (error) {
      this.tell(error);
    }
    return undefined;
  }

  /** @throws SessionError where what was changed so far cannot be kept */
  check(): void {
    for (const one of this.#opened) if (one.isOpen) one.check();
  }

  /** Gives up what this request has changed, but for what it saved or ended. */
  drop(): void {
    this.isDropped = true;
  }

  /** Answers with a plain error, where nobody else does. */
  fail(error: unknown): void {
    this.failure = error instanceof Error ? error : new Error(String(error));
    if (this.response?.headersSent === false) this.response.end();
  }

  private commitWithoutResponse(): Promise<void> | undefined {
    const writing = allOf(this.#opened.map((one) => one.commit('changes')));
    return writing?.then(() => this.#opened.forEach((one) => one.assertKept()));
  }

  private tell(error: unknown): never {
    if (this.status === 'open') this.status = 'told';
    throw error;
  }

  /**
   * Whether the adapter may make a 304 of the reply, which shows no flashes: what a store has
   * forgotten by then would be lost. Such a session is committed when the status is known.
   */
  private get mayBeNotModified(): boolean {
    return isConditional(this.request) && this.#opened.some(({ live }) => live.values.hasConsumed);
  }

  /** Whether a commit may take waiting. */
  private get mustWait(): boolean {
    return this.#opened.some((one) => one.waitsForCommit);
  }

  beforeWriting(status: number): Promise<void> | undefined {
    if (this.failure !== undefined || this.isDetached || this.status === 'sent') return undefined;
    const opening = this.#opened.filter(({ live }) => live.isOpening);
    endDeleted(this.#opened, this.response!);
    if (!this.mustWait && opening.length === 0) return undefined;
    try {
      if (this.isDecidedFor(status)) return undefined;
      refuseDeletion(this.shownOn);
      // Nest may send the headers of events while the handler waits for its session.
      const writing = opening.length > 0 ? this.writeOnceOpen(opening, status) : this.write(status);
      if (writing === undefined) return undefined;
      this.leftAt ??= leavingHere(this.response!);
      return writing.catch((error: unknown) => this.onLateError(error));
    } catch (error) {
      return failedLater(() => this.onLateError(error));
    }
  }

  beforeHeaders(response: ServerResponse): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.status !== 'sent') endDeleted(this.#opened, response);
    if (!this.isDecidedFor(response.statusCode)) {
      this.leftAt ??= leavingHere(response);
      try {
        refuseDeletion(this.shownOn);
        this.decide(response.statusCode);
      } catch (error) {
        this.onLateError(error);
      }
    }
    this.status = 'sent';
    this.send(response);
  }

  /** The filters were told once; what fails again does not take their answer from the client. */
  private onLateError(error: unknown): void {
    if (this.status !== 'told') throw error;
    this.drop();
    this.decide(this.response!.statusCode);
  }

  failed(error: unknown, response: ServerResponse): void {
    RequestSessions.logger.error(error);
    this.drop();
    this.status = 'sent';
    try {
      this.decide(response.statusCode);
    } catch {
      this.#decisions = [];
    }
    this.send(response);
  }

  endedLate(hasStreamed: boolean): void {
    if (this.status !== 'sent') return;
    // Nest has sent the whole of it at once: no time has passed in which it could have changed.
    if (!hasStreamed && this.leftAt === undefined) return;
    for (const one of this.#opened) {
      try {
        if (one.hasChangedSince()) this.refuseChange();
      } catch (error) {
        // The response ends, whatever was done to the session.
        RequestSessions.logger.error(error);
      }
    }
  }

  /** Waits for sessions that are being opened, and for what the handler does with them at once. */
  private async writeOnceOpen(opening: BackedSession[], status: number): Promise<void> {
    await Promise.allSettled(opening.map(async ({ live }) => live.open()));
    await setImmediate();
    await this.write(status);
  }

  /** @returns `undefined` where no store has to be waited for */
  private write(status: number): Promise<void> | undefined {
    if (!this.mustWait) return undefined;
    // What does not fit into a cookie must fail before anything is written.
    for (const one of this.#opened) {
      const isAlone = this.#opened.length === 1;
      if (one.store === undefined && one.isOpen && !isAlone) one.decide(this.keptBy(one, status));
    }
    const commitOne = (one: BackedSession) => one.commit(this.keptBy(one, status));
    return allOf(this.#opened.map((one) => (one.isOpen ? commitOne(one) : undefined)));
  }

  /** Decides for each session what the response must say. */
  private decide(status: number, isAtOnce = false): void {
    const decisions: Decision[] = [];
    for (const one of this.#opened) {
      if (one.isOpen) decisions.push(one.decide(this.keptBy(one, status), isAtOnce));
    }
    this.#decisions = decisions;
  }

  private keptBy(one: BackedSession, status: number) {
    return this.isDropped ? 'done' : one.keptAt(status);
  }

  /** Whether the decisions hold for a status, and nothing can have changed since. */
  private isDecidedFor(status: number): boolean {
    if (this.#decisions === undefined || this.isShared) return false;
    return this.#opened.every((one) => !one.isOpen || one.isDecidedFor(status, this.isDropped));
  }

  private send(response: ServerResponse): void {
    const isUsed = this.#opened.some(({ live }) => live.isUsed);
    sendDecisions(response, this.#decisions ?? [], isUsed);
  }

  get isReadOnly(): boolean {
    return this.isDetached || this.response?.writableEnded === true;
  }

  get isLate(): boolean {
    return this.status === 'sent' || this.status === 'detached';
  }

  get hasEnded(): boolean {
    return this.response?.writableEnded === true;
  }

  assertWritable(): void {
    if (this.isLate) this.refuseChange();
  }

  refuseChange(): never {
    throw lateChange(this.request, this.isDetached, this.leftAt);
  }

  reportLate(error: unknown): void {
    if (this.status === 'sent') RequestSessions.logger.error(error);
  }

  reportChange(): void {
    RequestSessions.logger.error(lateChange(this.request, this.isDetached, this.leftAt));
  }
}
