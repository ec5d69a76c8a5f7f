import type { AnyRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';
import type { StoredBacking } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionSnapshot, SessionState } from '../session/session-state.js';
import { BackedSession, type Decision, type Kept, type ResponseState } from './backed-session.js';
import { Sequence } from './sequence.js';
import type { StoreBackend } from './store-backend.js';
import { StoredSessionState } from './stored-session-state.js';

/** How long after the end of a response an application may take to save what it changes then. */
const LATE_SAVE_MILLISECONDS = 100;

/** A session that a store keeps. What it does there, it does one after the other. */
export class StoreBackedSession extends BackedSession<StoreBackend> implements StoredBacking {
  readonly store: StoredBacking = this;
  private readonly kept: StoredSessionState;
  private readonly sequence = new Sequence();
  /** The store failed, and the request goes on without. */
  private isAnonymous = false;
  private saves = 0;
  /** The commit met a session that was ended elsewhere. */
  private isLost = false;
  private lateCheck: NodeJS.Timeout | undefined;
  /** Increments under way: where nobody awaits them, their failure is the commit's. */
  private readonly increments = new Set<Promise<unknown>>();

  constructor(backend: StoreBackend, request: AnyRequest, response: ResponseState) {
    super(backend, request, response);
    this.kept = new StoredSessionState(backend, this.isOverTls);
  }

  load(): Promise<SessionRecord | undefined> | undefined {
    const ids = this.backend.idsIn(this.cookieHeader);
    return ids.length === 0 ? undefined : this.loadFirst(ids);
  }

  private async loadFirst(
    ids: readonly { readonly id: string; readonly isOutdated: boolean }[],
  ): Promise<SessionRecord | undefined> {
    try {
      for (const { id, isOutdated } of ids) {
        const stored = await this.backend.read(id);
        if (typeof stored === 'object') {
          this.kept.isCookieDue = isOutdated;
          this.kept.hasMoved = false;
          this.kept.entry.set(stored);
          this.kept.base = stored.record;
          return stored.record;
        }
        this.kept.hasMoved ||= this.backend.hasMoved(id);
        this.backend.reject(stored, id);
      }
    } catch (error) {
      if (this.backend.onStoreError === 'fail') throw error;
      this.goWithout();
    }
    return undefined;
  }

  goWithout(): void {
    this.isAnonymous = true;
  }

  reread(): Promise<SessionRecord | undefined> {
    return this.sequence.run(async () => {
      if (this.kept.base === undefined || this.kept.isGone) return undefined;
      await this.kept.entry.read(this.kept.base.id);
      const { record } = this.kept.entry;
      if (record === undefined) this.kept.isGone = true;
      else this.kept.base = record;
      return record;
    });
  }

  /** What is kept already can still be changed when the headers are out: by `save()`. */
  override get isReadOnly(): boolean {
    return this.isAnonymous || (this.kept.base === undefined && super.isReadOnly);
  }

  override assertWritable(): void {
    if (this.isAnonymous) this.refuseAnonymous();
    if (this.kept.base === undefined && !this.kept.isGone) super.assertWritable();
    else if (this.response.hasEnded) this.checkLater();
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

  override refuseChange(): never {
    if (this.isAnonymous) this.refuseAnonymous();
    return super.refuseChange();
  }

  private refuseAnonymous(): never {
    throw new SessionError(
      'SESSION_STORE',
      `Session '${this.name}' could not be read in this request, so it cannot be changed.`,
    );
  }

  save(take: () => SessionSnapshot): Promise<SessionSnapshot> {
    this.saves++;
    return this.sequence
      .run(async () => {
        await this.kept.removeIfDue();
        if (this.kept.isGone) this.kept.drop();
        const snapshot = take();
        await this.kept.keep(snapshot);
        if (this.kept.isGone) this.kept.refuseEnded();
        return snapshot;
      })
      .finally(() => void this.saves--);
  }

  check(): void {
    const snapshot = this.snapshot('changes');
    this.backend.checkCookie(snapshot.cookie);
    this.backend.checkSize(this.backend.recordOf(snapshot, Date.now()));
  }

  destroy(): Promise<void> {
    this.kept.isRemovalDue = true;
    return this.sequence.run(() => this.kept.removeIfDue());
  }

  increment(key: string, by: number, now: SessionState): Promise<string | undefined> {
    const done = this.sequence.run(() => this.kept.increment(key, by, now));
    this.increments.add(done);
    const isOver = () => void this.increments.delete(done);
    done.then(isOver, isOver);
    return done;
  }

  commit(kept: Kept): Promise<void> | undefined {
    if (this.sequence.isBusy || this.kept.isRemovalDue) {
      const increments = [...this.increments].map((one) => one.catch(unlessEnded));
      return this.sequence.run(async () => {
        await this.finishRemoval(kept !== 'done');
        if (kept === 'done') return;
        await Promise.all(increments);
        // What was under way has changed the session, and what is kept of it.
        await this.keepAndRenew(this.snapshot(kept));
      });
    }
    if (kept === 'done') return undefined;
    const snapshot = this.snapshot(kept);
    if (!this.kept.differs(snapshot) && !this.kept.entry.isRenewalDue) return undefined;
    return this.sequence.run(() => this.keepAndRenew(snapshot));
  }

  override isDecidedFor(status: number, isDropped: boolean): boolean {
    if (this.sequence.isBusy || this.kept.isRemovalDue) return false;
    return super.isDecidedFor(status, isDropped);
  }

  /** A removal that failed is not tried again: who caught it has waited for it once. */
  private async finishRemoval(isKept: boolean): Promise<void> {
    if (this.kept.removalError === undefined) await this.kept.removeIfDue();
    // Nobody may be told that it has ended.
    else if (isKept) throw this.kept.removalError;
  }

  private async keepAndRenew(snapshot: SessionSnapshot): Promise<void> {
    const wasGone = this.kept.isGone;
    await this.kept.keep(snapshot);
    this.isLost ||= !wasGone && this.kept.isGone;
    await this.kept.renew();
  }

  override assertKept(): void {
    if (this.isLost) this.kept.refuseEnded();
  }

  hasChangedSince(): boolean {
    // What a save under way keeps is no change that nobody saved.
    return this.saves === 0 && this.kept.differs(this.snapshot('changes'));
  }

  protected decideFor(): Decision {
    const { backend } = this;
    const { record } = this.kept.entry;
    if (this.kept.isGone) return { backend, events: [] };
    if (record === undefined) {
      const isEnded = this.live.record !== undefined && !this.isAnonymous;
      const isDeleted = (isEnded || this.live.status === 'destroyed') && !this.kept.isRemovalDue;
      const own = this.live.record?.cookie;
      return { backend, cookie: isDeleted ? this.deletionOf(own) : undefined, events: [] };
    }
    if (!this.kept.isCookieDue) return { backend, events: [] };
    const token = backend.sealId(record.id);
    const cookie = backend.setCookie(token, record, Date.now(), this.isOverTls);
    return { backend, cookie, events: [] };
  }
}

/** Who does not await an increment has asked for no answer: a session that has ended is no failure. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error;
}
