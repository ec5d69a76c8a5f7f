import type { AnyRequest } from '../http/request.js';
import { applyDelta, deltaOf, incremented } from '../session/session-delta.js';
import { SessionError } from '../session.errors.js';
import type { SessionEventKind } from '../session.events.js';
import type { SessionServer } from '../session/session-backing.js';
import { type Changes, type Decision, BackedSession } from './backed-session.js';
import type { SessionRecord } from '../session/session-record.js';
import { areSame, type SessionSnapshot, type SessionState } from '../session/session-state.js';
import type { StoreBackend } from './store-backend.js';
import { StoreEntry } from './store-entry.js';
import { NO_TEXTS } from '../session/session-values.js';

/** A session that a store keeps. What it does there, it does one after the other. */
export class StoreBackedSession extends BackedSession<StoreBackend> implements SessionServer {
  readonly server: SessionServer = this;
  private readonly entry: StoreEntry;
  /** As this request last knew it: what it changes, it changes from here. */
  private base: SessionState | undefined;
  /** It ended while this request ran: nothing brings it back. */
  private isGone = false;
  private isRemovalDue = false;
  /** Why the session could not be ended: nobody may be told that it was. */
  private removalError: Error | undefined;
  /** The store failed, and the request goes on without. */
  private isAnonymous = false;
  private isCookieDue = false;
  private queue: Promise<unknown> = Promise.resolve();
  private queued = 0;
  private saves = 0;
  /** Increments under way: where nobody awaits them, their failure is the commit's. */
  private readonly increments = new Set<Promise<unknown>>();

  constructor(backend: StoreBackend, request: AnyRequest, changes: Changes) {
    super(backend, request, changes);
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
          this.entry.set(stored);
          this.base = stored.record;
          return stored.record;
        }
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

  async reread(): Promise<SessionRecord | undefined> {
    return this.inTurn(async () => {
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
    return this.inTurn(async () => {
      await this.removeIfDue();
      const snapshot = take();
      await this.keep(snapshot);
      return snapshot;
    }).finally(() => void this.saves--);
  }

  destroy(): Promise<void> {
    this.isRemovalDue = true;
    return this.inTurn(() => this.removeIfDue());
  }

  increment(key: string, by: number, now: SessionState): Promise<string | undefined> {
    const done = this.inTurn(async () => {
      const add = (record: SessionRecord): SessionRecord => ({
        ...this.renewed(record),
        texts: incremented(record.texts, key, by),
      });
      if (this.base === undefined) {
        if (!this.canSend(now)) return undefined;
        await this.begin({ ...now, texts: incremented(NO_TEXTS, key, by) });
      } else if (this.isGone || !(await this.entry.change(add))) {
        this.drop();
        return undefined;
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

  /**
   * Brings the store to what the request has done.
   *
   * @returns `undefined` where nothing is to be done
   * @throws SessionError, at once or later, where the session cannot be kept
   */
  commit(status: number): Promise<void> | undefined {
    if (this.session.status === 'unopened') return undefined;
    const isKept = this.keeps(status);
    if (this.queued > 0 || this.isRemovalDue) {
      const increments = [...this.increments];
      return this.inTurn(async () => {
        await this.finishRemoval(isKept);
        if (!isKept) return;
        await Promise.all(increments);
        // What was under way has changed the session, and what is kept of it.
        await this.keepAndRenew(this.snapshotAt(status));
      });
    }
    if (!isKept) return undefined;
    const snapshot = this.snapshotAt(status);
    if (!this.differs(snapshot) && !this.entry.isRenewalDue) return undefined;
    return this.inTurn(() => this.keepAndRenew(snapshot));
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

  hasChangedSince(status: number): boolean {
    // What a save under way keeps is no change that nobody saved.
    if (this.saves > 0) return false;
    if (this.session.status === 'unopened' || !this.keeps(status)) return false;
    return this.differs(this.snapshotAt(status));
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
    return this.backend.canSend(cookie, this.isOverTls);
  }

  decide(): Decision {
    const { backend } = this;
    const { record } = this.entry;
    if (this.session.status === 'unopened' || this.isGone) return { backend, events: [] };
    if (record === undefined) {
      const isEnded = this.session.record !== undefined && !this.isAnonymous;
      const isDeleted = isEnded || this.session.status === 'destroyed';
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

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.queued++ === 0 ? act() : this.queue.then(act);
    const done = turn.finally(() => void this.queued--);
    this.queue = done.catch(() => {});
    return done;
  }
}

/** Does to a session what was done between two moments; most of the time nobody else has changed it. */
function changed(record: SessionRecord, before: SessionState, now: SessionSnapshot): SessionRecord {
  return record.texts === before.texts && record.cookie === before.cookie
    ? { ...record, cookie: now.cookie, texts: now.texts }
    : applyDelta(deltaOf(before, now), record);
}
