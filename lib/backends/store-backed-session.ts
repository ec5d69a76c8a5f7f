import type { AnyRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';
import type { SessionEventKind } from '../session.events.js';
import type { StoredBacking } from '../session/session-backing.js';
import { changed, incremented } from '../session/session-delta.js';
import type { SessionRecord } from '../session/session-record.js';
import { areSame, type SessionSnapshot, type SessionState } from '../session/session-state.js';
import { NO_TEXTS } from '../session/session-values.js';
import { BackedSession, type Decision, type Kept, type ResponseState } from './backed-session.js';
import { Sequence } from './sequence.js';
import type { StoreBackend } from './store-backend.js';
import { StoreEntry } from './store-entry.js';

/** How long after the end of a response an application may take to save what it changes then. */
const LATE_SAVE_MILLISECONDS = 100;

/** A session that a store keeps. What it does there, it does one after the other. */
export class StoreBackedSession extends BackedSession<StoreBackend> implements StoredBacking {
  readonly store: StoredBacking = this;
  private readonly entry: StoreEntry;
  private readonly sequence = new Sequence();
  /** As this request last knew it: what it changes, it changes from here. */
  private base: SessionState | undefined;
  /** It ended while this request ran: nothing brings it back. */
  private isGone = false;
  private isRemovalDue = false;
  /** Why the session could not be ended: nobody may be told that it was. */
  private removalError: Error | undefined;
  /** The store failed, and the request goes on without. */
  private isAnonymous = false;
  /** The request's id has just been replaced by another: its cookie must not take the new one's place. */
  private hasMoved = false;
  private isCookieDue = false;
  private saves = 0;
  private lateCheck: NodeJS.Timeout | undefined;
  /** Increments under way: where nobody awaits them, their failure is the commit's. */
  private readonly increments = new Set<Promise<unknown>>();

  constructor(backend: StoreBackend, request: AnyRequest, response: ResponseState) {
    super(backend, request, response);
    this.entry = new StoreEntry(backend);
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
          this.isCookieDue = isOutdated;
          this.hasMoved = false;
          this.entry.set(stored);
          this.base = stored.record;
          return stored.record;
        }
        this.hasMoved ||= this.backend.hasMoved(id);
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
      if (this.base === undefined || this.isGone) return undefined;
      await this.entry.read(this.base.id);
      const { record } = this.entry;
      if (record === undefined) this.isGone = true;
      else this.base = record;
      return record;
    });
  }

  /** What is kept already can still be changed when the headers are out: by `save()`. */
  override get isReadOnly(): boolean {
    return this.isAnonymous || (this.base === undefined && super.isReadOnly);
  }

  override assertWritable(): void {
    if (this.isAnonymous) this.refuseAnonymous();
    if (this.base === undefined && !this.isGone) super.assertWritable();
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
        await this.removeIfDue();
        if (this.isGone) this.drop();
        const snapshot = take();
        await this.keep(snapshot);
        if (this.isGone) this.refuseEnded();
        return snapshot;
      })
      .finally(() => void this.saves--);
  }

  check(): void {
    const snapshot = this.snapshot('changes');
    this.backend.checkCookie(snapshot.cookie);
    this.backend.checkSize(this.recordOf(snapshot, Date.now()));
  }

  private refuseEnded(): never {
    throw new SessionError(
      'SESSION_ENDED',
      `Session '${this.name}' was ended elsewhere while this request ran, so nothing of it was kept. After await session.reload() it is empty.`,
    );
  }

  destroy(): Promise<void> {
    this.isRemovalDue = true;
    return this.sequence.run(() => this.removeIfDue());
  }

  increment(key: string, by: number, now: SessionState): Promise<string | undefined> {
    const done = this.sequence.run(async () => {
      const add = (record: SessionRecord): SessionRecord => ({
        ...this.renewed(record),
        texts: incremented(record.texts, key, by),
      });
      if (this.base === undefined) {
        if (!this.canSend(now)) return undefined;
        await this.begin({ ...now, texts: incremented(NO_TEXTS, key, by) });
      } else if (this.isGone || !(await this.entry.change(add))) {
        this.drop();
        this.refuseEnded();
      } else {
        this.tell('committed');
      }
      const text = this.entry.record!.texts.get(key)!;
      this.base = { ...this.base!, texts: new Map(this.base!.texts).set(key, text) };
      return text;
    });
    this.increments.add(done);
    const isOver = () => void this.increments.delete(done);
    done.then(isOver, isOver);
    return done;
  }

  commit(kept: Kept): Promise<void> | undefined {
    if (this.sequence.isBusy || this.isRemovalDue) {
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
    if (!this.differs(snapshot) && !this.entry.isRenewalDue) return undefined;
    return this.sequence.run(() => this.keepAndRenew(snapshot));
  }

  override isDecidedFor(status: number, isDropped: boolean): boolean {
    if (this.sequence.isBusy || this.isRemovalDue) return false;
    return super.isDecidedFor(status, isDropped);
  }

  /** A removal that failed is not tried again: who caught it has waited for it once. */
  private async finishRemoval(isKept: boolean): Promise<void> {
    if (this.removalError === undefined) await this.removeIfDue();
    // Nobody may be told that it has ended.
    else if (isKept) throw this.removalError;
  }

  private async keepAndRenew(snapshot: SessionSnapshot): Promise<void> {
    await this.keep(snapshot);
    await this.renew();
  }

  hasChangedSince(): boolean {
    // What a save under way keeps is no change that nobody saved.
    return this.saves === 0 && this.differs(this.snapshot('changes'));
  }

  /** Whether a snapshot is another than what is kept. A new session that is empty is not kept. */
  private differs(snapshot: SessionSnapshot): boolean {
    const { base } = this;
    if (this.isGone) return false;
    if (this.endsWith(snapshot)) return base !== undefined;
    if (base?.id === snapshot.id) return !areSame(base, snapshot);
    return (base !== undefined || snapshot.texts.size > 0) && this.canSend(snapshot);
  }

  /** A negative `maxAge` deletes a session, as in gorilla/sessions. */
  private endsWith({ cookie }: SessionState): boolean {
    return this.backend.cookieOf(cookie).maxAge < 0;
  }

  /** An entry that no cookie leads to would lie there until it expires. */
  private canSend({ cookie }: SessionState): boolean {
    return !this.hasMoved && this.backend.canSend(cookie, this.isOverTls);
  }

  protected decideFor(): Decision {
    const { backend } = this;
    const { record } = this.entry;
    if (this.isGone) return { backend, events: [] };
    if (record === undefined) {
      const isEnded = this.session.record !== undefined && !this.isAnonymous;
      const isDeleted = (isEnded || this.session.status === 'destroyed') && !this.isRemovalDue;
      const own = this.session.record?.cookie;
      return { backend, cookie: isDeleted ? this.deletionOf(own) : undefined, events: [] };
    }
    if (!this.isCookieDue) return { backend, events: [] };
    const token = backend.sealId(record.id);
    const cookie = backend.setCookie(token, record, Date.now(), this.isOverTls);
    return { backend, cookie, events: [] };
  }

  private async keep(snapshot: SessionSnapshot): Promise<void> {
    if (!this.differs(snapshot)) return;
    const { base, backend, entry } = this;
    if (this.endsWith(snapshot)) {
      this.isRemovalDue = true;
      return this.removeIfDue();
    }
    backend.checkCookie(snapshot.cookie);
    if (base === undefined) return this.begin(snapshot);
    const apply = (record: SessionRecord) => this.renewed(changed(record, base, snapshot));
    if (base.id === snapshot.id) {
      if (!(await entry.change(apply))) return this.drop();
      this.tell('committed');
    } else {
      if (!(await entry.move(snapshot.id, apply))) return this.drop();
      this.tell('regenerated', 'committed');
    }
    this.base = snapshot;
  }

  private async begin(state: SessionState): Promise<void> {
    await this.entry.begin(this.recordOf(state, Date.now()));
    this.tell('created', 'committed');
    this.base = state;
  }

  /**
   * An unchanged session lives longer if it is due, and is written again under a newer key. A read
   * does not fail where that fails: the next one tries again.
   */
  private async renew(): Promise<void> {
    const { entry } = this;
    if (!entry.isRenewalDue) return;
    try {
      if (entry.isOutdated) {
        if (await entry.change((record) => this.renewedIfDue(record))) this.tell('committed');
      } else {
        const { createdAt, cookie } = entry.record!;
        if (await entry.touch(this.expiryOf(createdAt, cookie))) this.tell('renewed');
      }
      this.isGone = entry.record === undefined;
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_STORE')) throw error;
    }
  }

  private renewed(record: SessionRecord): SessionRecord {
    return this.recordOf(record, Date.now());
  }

  /** A newer key moves no deadline. */
  private renewedIfDue(record: SessionRecord): SessionRecord {
    return this.backend.isDue(record, Date.now()) ? this.renewed(record) : record;
  }

  /** What the store has acknowledged. The cookie goes out with the response. */
  private tell(...kinds: SessionEventKind[]): void {
    this.isCookieDue = true;
    for (const kind of kinds) this.backend.publish(kind, this.entry.record!.id);
  }

  private drop(): void {
    this.backend.publish('dropped', this.base?.id);
    this.isGone = true;
  }

  private async removeIfDue(): Promise<void> {
    if (!this.isRemovalDue) return;
    const { base } = this;
    if (base !== undefined && !this.isGone) {
      try {
        if (await this.backend.remove(base.id)) this.backend.publish('destroyed', base.id);
        this.removalError = undefined;
      } catch (error) {
        this.removalError = error as Error;
        throw error;
      }
    }
    this.isRemovalDue = false;
    this.isGone = false;
    this.isCookieDue = false;
    this.base = undefined;
    this.entry.forget();
  }
}

/** Who does not await an increment has asked for no answer: a session that has ended is no failure. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error;
}
