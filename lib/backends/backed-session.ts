import { inspect } from 'node:util';
import { type AnyRequest, claimsTls, hostOf } from '../http/request.js';
import { cookieValues } from '../http/cookie-header.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { SessionError } from '../session.errors.js';
import { unlessAwaited } from '../session/awaited.js';
import { LiveSession } from '../session/live-session.js';
import { RequestSession } from '../session/request-session.js';
import type { SessionSnapshot, SessionState } from '../session/session-state.js';
import { haveSameTexts } from '../session/session-values.js';
import type { Decision, Kept } from './decision.js';
import { Registration } from './registration.js';
import { type OldSessionOutcome, RequestAdoption } from './request-adoption.js';
import { RequestBacking } from './request-backing.js';
import type { ResponseState } from './response-state.js';
import type { SessionBackend } from './session-backend.js';
import { currentTime } from '../session.clock.js';

/** One session of a request: where it comes from, and what becomes of it. */
export abstract class BackedSession<
  B extends SessionBackend = SessionBackend,
> extends RequestBacking<B> {
  readonly live: LiveSession;
  /** What the application holds. */
  readonly session: RequestSession;
  /** What the request brings of another library. */
  protected readonly adoption: RequestAdoption | undefined;
  /** What the registry knows of it. */
  readonly registration: Registration | undefined;
  private decidedKept: Kept = 'done';
  private decidedTouches = -1;

  constructor(backend: B, request: AnyRequest, response: ResponseState) {
    super(backend, request, response);
    const header = this.cookieHeader;
    if (backend.adoption?.isDue(header) === true) {
      this.adoption = new RequestAdoption(backend.adoption, header);
    }
    if (backend.owned !== undefined) {
      const recordOf = (state: SessionState) => backend.recordOf(state, currentTime());
      this.registration = new Registration(backend.owned, recordOf, (act) => this.run(act));
    }
    this.live = new LiveSession(this);
    this.session = new RequestSession(this.live);
  }

  /**
   * Brings a store to what the request has done, before the response says so.
   *
   * @returns `undefined` where nothing is to be waited for
   */
  abstract commit(kept: Kept): Promise<void> | undefined;

  /** Does one thing after the other with the session, where it takes waiting. */
  protected abstract run<T>(act: () => Promise<T>): Promise<T>;

  /** Whether the commit may have to wait. */
  abstract readonly waitsForCommit: boolean;

  protected abstract decideFor(kept: Kept, isAtOnce: boolean): Decision;

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

  /** Ends the session as `destroy()` does. What fails then meets the commit. */
  end(): void {
    if (this.live.status !== 'destroyed') void unlessAwaited(this.live.destroy());
  }

  /** Whether anybody has looked at the session. */
  get isOpen(): boolean {
    return this.live.status !== 'unopened';
  }

  /**
   * What the response must say of this session.
   *
   * @param isAtOnce whether a commit of the same has just returned, so that nothing can have changed
   * @throws SessionError where the session cannot be kept
   */
  decide(kept: Kept, isAtOnce = false): Decision {
    const decision = this.decideFor(kept, isAtOnce);
    if (decision.cookie !== undefined) this.warnOfUntrustedProxy(kept);
    this.decidedKept = kept;
    this.decidedTouches = this.live.touches;
    return this.withOldSession(decision, kept);
  }

  /** A decision, with what becomes of the session of another library. */
  private withOldSession(decision: Decision, kept: Kept): Decision {
    const { adoption } = this;
    if (adoption === undefined) return decision;
    const outcome = this.oldSessionOutcome(adoption, decision, kept);
    const oldDeletions = adoption.deletions(outcome, this.live.record !== undefined);
    const onSent = () => adoption.settle(outcome);
    const { adopted } = adoption;
    const isAdopted = outcome === 'replaced' && decision.cookie !== undefined;
    if (adopted === undefined || !isAdopted) return { ...decision, oldDeletions, onSent };
    const { library } = adopted.adopter;
    const event = { kind: 'adopted', id: this.live.ensureId(), library } as const;
    return { ...decision, oldDeletions, onSent, events: [...decision.events, event] };
  }

  private oldSessionOutcome(
    adoption: RequestAdoption,
    { cookie }: Decision,
    kept: Kept,
  ): OldSessionOutcome {
    const { live, backend } = this;
    const own = live.cookie.departures();
    const isExpired = kept !== 'done' && backend.cookieOf(own).maxAge < 0;
    if (live.status === 'destroyed' || isExpired) return 'ended';
    if (live.record !== undefined) return 'replaced';
    const { adopted } = adoption;
    if (adopted === undefined) return adoption.outcomeAlone;
    if (cookie !== undefined) return 'replaced';
    // A new session without values is not kept: nothing of ours would hide the old one.
    if (kept === 'done' || this.snapshot(kept).texts.size > 0) return 'left';
    return adopted.texts.size === 0 ? 'replaced' : 'ended';
  }

  /** Whether a session of another library was adopted, and nothing of it has changed since. */
  protected isAdoptedAsItWas({ texts }: SessionSnapshot): boolean {
    const { adoption, live } = this;
    return (
      live.status === 'new' &&
      adoption?.adopted !== undefined &&
      haveSameTexts(texts, adoption.adopted.texts)
    );
  }

  endOld(): Promise<void> | undefined {
    return this.adoption?.end();
  }

  get takesWaiting(): boolean {
    const { store, adoption, registration } = this;
    return store !== undefined || adoption !== undefined || registration !== undefined;
  }

  get whyItWaits(): string {
    return this.adoption === undefined
      ? 'has an owner, so that its registry is asked'
      : 'is adopted from another library';
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

  /**
   * The lines that delete the cookies of an earlier configuration, where the client sent such too.
   *
   * @param areOurs whether several of its cookies open
   */
  protected twinDeletions(own: SessionCookieOptions | undefined, areOurs: boolean): string[] {
    if (cookieValues(this.cookieHeader, this.name).length < 2) return [];
    return this.backend.deleteTwins(own, this.isOverTls, hostOf(this.request), areOurs);
  }

  private warnOfUntrustedProxy(kept: Kept): void {
    if (this.isOverTls || !claimsTls(this.request)) return;
    const { cookie, saved } = this.live;
    this.backend.warnOfUntrustedProxy(kept === 'done' ? saved?.cookie : cookie.departures());
  }
}
