import type { AnyRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';
import type { LoadedSession, StoredBacking } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionSnapshot, SessionState } from '../session/session-state.js';
import { BackedSession } from './backed-session.js';
import type { ResponseState } from './response-state.js';
import type { Decision, Kept } from './decision.js';
import { Sequence } from './sequence.js';
import { StoreBudget } from './store-budget.js';
import type { StoreBackend } from './store-backend.js';
import type { BroughtSession } from './store-cookie.js';
import type { StoredRecord } from './stored-record.js';
import { StoredSessionState } from './stored-session-state.js';
import { currentTime } from '../session.clock.js';

/** How long after the end of a response an application may take to save what it changes then. */
const LATE_SAVE_MILLISECONDS = 100;

/** A session that a store keeps. What it does there, it does one after the other. */
export class StoreBackedSession extends BackedSession<StoreBackend> implements StoredBacking {
  readonly store: StoredBacking = this;
  private readonly kept: StoredSessionState;
  private readonly sequence = new Sequence();
  private readonly budget: StoreBudget;
  private saves = 0;
  /** The commit met a session that was ended elsewhere. */
  private isLost = false;
  private lateCheck: NodeJS.Timeout | undefined;
  /** Increments under way: where nobody awaits them, their failure is the commit's. */
  private readonly increments = new Set<Promise<unknown>>();

  constructor(backend: StoreBackend, request: AnyRequest, response: ResponseState) {
    super(backend, request, response);
    this.budget = new StoreBudget(backend.options.name, backend.timeout);
    this.kept = new StoredSessionState(backend, this.isOverTls, this.budget, this.registration);
  }

  load(): Promise<LoadedSession> | undefined {
    const brought = this.watched(() => this.backend.sessionsIn(this.cookieHeader));
    if (brought.length === 0 && this.adoption === undefined) return undefined;
    return this.budget.run(() => this.loadNewest(brought));
  }

  private async loadNewest(brought: readonly BroughtSession[]): Promise<LoadedSession> {
    const { backend, kept } = this;
    let newest: StoredRecord | undefined;
    try {
      for (const { id, place, isOutdated } of brought) {
        this.budget.assertLeft();
        const stored = await backend.read(id, place, () => this.budget.assertLeft());
        if (typeof stored === 'string') {
          kept.hasMoved ||= backend.hasMoved(id);
          if (stored === 'malformed') kept.damagedIds.push(id);
          backend.reject(stored, id);
          continue;
        }
        if (newest !== undefined) backend.warnings.severalCookies();
        if (newest !== undefined && newest.record.sentAt >= stored.record.sentAt) continue;
        newest = stored;
        kept.isCookieDue = isOutdated;
      }
      // A session that has moved is in another cookie, on its way to the client.
      if (newest === undefined && !kept.hasMoved) {
        return await this.adoption?.open(() => this.budget.assertLeft());
      }
    } catch (error) {
      return this.goWithoutOrThrow(error);
    }
    if (newest === undefined) return undefined;
    kept.hasMoved = false;
    const { record, registered } = newest;
    if (registered !== undefined) this.registration!.opened(record, registered);
    kept.entry.set(newest);
    kept.base = newest.record;
    return newest.record;
  }

  get isOver(): boolean {
    const { record } = this.kept.entry;
    return this.response.isLate && record !== undefined && this.backend.isOver(record);
  }

  expire(): void {
    this.kept.isOver = true;
    this.kept.isGone = true;
  }

  reread(): Promise<SessionRecord | undefined> {
    return this.run(async () => {
      const { isGone, isOver } = this.kept;
      if (this.kept.base === undefined || (isGone && !isOver)) return undefined;
      await this.kept.entry.read(this.kept.base);
      const { record } = this.kept.entry;
      this.kept.isOver = false;
      this.kept.isGone = record === undefined;
      if (record !== undefined) this.kept.base = record;
      return record;
    });
  }

  /** What is kept already can still be changed when the headers are out: by `save()`. */
  override get isReadOnly(): boolean {
    return this.isAnonymous || (this.kept.base === undefined && super.isReadOnly);
  }

  override assertWritable(): void {
    const isKept = this.kept.base !== undefined || this.kept.isGone;
    if (this.isAnonymous || !isKept) super.assertWritable();
    else if (this.response.hasEnded) this.checkLater();
  }

  override noteWrite(): void {
    if (this.response.hasEnded) this.checkLater();
  }

  /** Nobody commits a change after the response: it is saved, or it is told. */
  private checkLater(): void {
    this.lateCheck ??= setTimeout(() => {
      this.lateCheck = undefined;
      if (this.hasUnsavedChange()) this.response.reportChange();
    }, LATE_SAVE_MILLISECONDS).unref();
  }

  private hasUnsavedChange(): boolean {
    try {
      return this.hasChangedSince();
    } catch {
      // What cannot be stored was not saved either.
      return true;
    }
  }

  save(take: () => SessionSnapshot): Promise<SessionSnapshot> {
    this.saves++;
    return this.run(async () => {
      await this.kept.removeIfDue();
      if (this.kept.isGone) this.kept.drop();
      const snapshot = take();
      await this.kept.confirm(snapshot);
      await this.kept.keep(snapshot, true);
      if (this.kept.isGone) this.kept.refuseEnded();
      return snapshot;
    }).finally(() => void this.saves--);
  }

  check(): void {
    const snapshot = this.snapshot('changes');
    this.backend.checkCookie(snapshot.cookie);
    this.backend.checkSize(this.backend.recordOf(snapshot, currentTime()));
  }

  destroy(): Promise<void> {
    this.kept.isRemovalDue = true;
    return this.run(() => this.kept.removeIfDue());
  }

  increment(key: string, by: number, now: SessionState): Promise<string | undefined> {
    const done = this.run(() => this.kept.increment(key, by, now));
    this.increments.add(done);
    const isOver = () => void this.increments.delete(done);
    done.then(isOver, isOver);
    return done;
  }

  commit(kept: Kept): Promise<void> | undefined {
    // No cookie can be sent that would lead to it.
    if (this.adoption?.adopted !== undefined && this.isReadOnly) return undefined;
    if (this.sequence.isBusy || this.isRemovalDue) {
      const increments = [...this.increments].map((one) => one.catch(unlessEnded));
      return this.run(async () => {
        await this.finishRemoval(kept !== 'done');
        if (kept === 'done') return this.registration?.discard();
        await Promise.all(increments);
        // What was under way has changed the session, and what is kept of it.
        await this.keepAndRenew(this.snapshot(kept));
      });
    }
    if (kept === 'done') {
      const discarding = this.registration?.discard();
      return discarding && this.run(() => discarding);
    }
    const snapshot = this.snapshot(kept);
    const isRenewalDue = this.kept.entry.isRenewalDue || this.registration?.isTouchDue === true;
    if (!this.kept.differs(snapshot) && !isRenewalDue) return undefined;
    return this.run(() => this.keepAndRenew(snapshot));
  }

  override isDecidedFor(status: number, isDropped: boolean): boolean {
    if (this.sequence.isBusy || this.isRemovalDue) return false;
    return super.isDecidedFor(status, isDropped);
  }

  /** A removal that failed is not tried again: who caught it has waited for it once. */
  private async finishRemoval(isKept: boolean): Promise<void> {
    if (this.kept.removalError === undefined) await this.kept.removeIfDue();
    // Nobody may be told that it has ended.
    else if (isKept) throw this.kept.removalError;
    await this.registration?.finishRemoval(isKept);
  }

  private get isRemovalDue(): boolean {
    return this.kept.isRemovalDue || this.registration?.isRemovalDue === true;
  }

  get waitsForCommit(): boolean {
    return true;
  }

  /** Does one thing after the other with the session in its store. */
  protected run<T>(act: () => Promise<T>): Promise<T> {
    return this.budget.run(() => this.sequence.run(act));
  }

  override endOld(): Promise<void> | undefined {
    const ending = super.endOld();
    return ending && this.budget.run(() => ending);
  }

  private async keepAndRenew(snapshot: SessionSnapshot): Promise<void> {
    const wasGone = this.kept.isGone;
    await this.kept.keep(snapshot);
    this.isLost ||= !wasGone && this.kept.isGone;
    await Promise.all([this.kept.renew(), this.kept.touchRegistered(snapshot)]);
  }

  override assertKept(): void {
    if (this.isLost) this.kept.refuseEnded();
  }

  hasChangedSince(): boolean {
    // What a save under way keeps is no change that nobody saved.
    if (this.saves > 0) return false;
    const snapshot = this.snapshot('changes');
    return !this.isAdoptedAsItWas(snapshot) && this.kept.differs(snapshot);
  }

  protected decideFor(): Decision {
    const { backend } = this;
    const { record } = this.kept.entry;
    if (this.kept.isGone) return { backend, events: [] };
    if (record === undefined) {
      const isEnded = this.live.record !== undefined && !this.isAnonymous;
      const isDeleted = (isEnded || this.live.status === 'destroyed') && !this.isRemovalDue;
      const own = this.live.record?.cookie;
      if (!isDeleted) return { backend, events: [] };
      const deletions = this.twinDeletions(own, false);
      return { backend, cookie: this.deletionOf(own), deletions, events: [] };
    }
    if (!this.kept.isCookieDue) return { backend, events: [] };
    const token = backend.sealCookie(record);
    const cookie = backend.setCookie(token, record, currentTime(), this.isOverTls);
    // The client may bring the old id again in another cookie.
    const isNewId = this.live.record !== undefined && this.live.record.id !== record.id;
    const deletions = isNewId ? this.twinDeletions(record.cookie, false) : [];
    return { backend, cookie, deletions, events: [] };
  }
}

/** Who does not await an increment has asked for no answer: a session that has ended is no failure. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error;
}
