import { SessionError } from '../session.errors.js';
import type { SessionEventKind } from '../session.events.js';
import { changed, incremented } from '../session/session-delta.js';
import type { SessionRecord } from '../session/session-record.js';
import { areSame, type SessionSnapshot, type SessionState } from '../session/session-state.js';
import { UNREADABLE } from '../stores/session-store.js';
import type { Registration } from './registration.js';
import type { StoreBackend } from './store-backend.js';
import type { StoreBudget } from './store-budget.js';
import { StoreEntry } from './store-entry.js';
import { currentTime } from '../session.clock.js';

/** What a request knows of a session in its store, and what it does to it there. */
export class StoredSessionState {
  readonly entry: StoreEntry;
  /** As this request last knew it: what it changes, it changes from here. */
  base: SessionState | undefined;
  /** It ended while this request ran: nothing brings it back. */
  isGone = false;
  /** It has expired, as far as is known here: another request may have renewed it. */
  isOver = false;
  isRemovalDue = false;
  /** Why the session could not be ended: nobody may be told that it was. */
  removalError: Error | undefined;
  isCookieDue = false;
  /** The request's id has just been replaced by another: its cookie must not take the new one's place. */
  hasMoved = false;
  /** Entries that the request's cookies lead to and that hold no session. */
  readonly damagedIds: string[] = [];

  constructor(
    private readonly backend: StoreBackend,
    private readonly isOverTls: boolean,
    budget: StoreBudget,
    private readonly registration: Registration | undefined,
  ) {
    this.entry = new StoreEntry(backend, budget);
  }

  /** Whether a snapshot is another than what is kept. A new session that is empty is kept if it was saved. */
  differs(snapshot: SessionSnapshot): boolean {
    const { base } = this;
    if (this.isGone) return false;
    if (this.endsWith(snapshot)) return base !== undefined;
    if (base?.id === snapshot.id) return !areSame(base, snapshot);
    const isKept = base !== undefined || snapshot.texts.size > 0 || snapshot.isSaved;
    return isKept && this.canSend(snapshot);
  }

  /** A negative `maxAge` deletes a session, as in gorilla/sessions. */
  private endsWith({ cookie }: SessionState): boolean {
    return this.backend.cookieOf(cookie).maxAge < 0;
  }

  /** An entry that no cookie leads to would lie there until it expires. */
  canSend({ cookie }: SessionState): boolean {
    return !this.hasMoved && this.backend.canSend(cookie, this.isOverTls);
  }

  /** @param asks whether the registry is asked too, also where it need not be told anything */
  async keep(snapshot: SessionSnapshot, asks = false): Promise<void> {
    if (!this.differs(snapshot)) return;
    const { backend, registration } = this;
    if (this.endsWith(snapshot)) {
      this.isRemovalDue = true;
      await this.removeIfDue();
      return registration?.end();
    }
    backend.checkCookie(snapshot.cookie);
    const next = backend.recordOf(snapshot, currentTime());
    backend.checkSize(next);
    if (registration !== undefined && !(await registration.keep(next, asks))) return this.drop();
    await this.keepEntry(snapshot);
    if (!this.isGone) await registration?.settle(snapshot);
  }

  private async keepEntry(snapshot: SessionSnapshot): Promise<void> {
    const { base, entry } = this;
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

  /** Tells the registry of a use, where that is due. */
  async touchRegistered(snapshot: SessionSnapshot): Promise<void> {
    const { registration, backend } = this;
    if (registration?.isTouchDue !== true || this.isGone) return;
    await registration.touch(backend.recordOf(snapshot, currentTime()));
    if (registration.isEnded) this.isGone = true;
  }

  /** Looks whether a session to which nothing was done is still there, and one that is new can be kept. */
  async confirm(snapshot: SessionSnapshot): Promise<void> {
    if (this.hasMoved) return this.drop();
    if (this.base === undefined || this.isGone || this.differs(snapshot)) return;
    await this.entry.read(this.base);
    if (this.entry.record === undefined) this.drop();
  }

  private async begin(state: SessionState): Promise<void> {
    await this.entry.begin(this.backend.recordOf(state, currentTime()));
    this.tell('created', 'committed');
    this.base = state;
    await this.removeDamaged();
  }

  /** The new session takes the place of a damaged entry, which would lie there until it expires. */
  private async removeDamaged(): Promise<void> {
    for (const id of this.damagedIds.splice(0)) {
      try {
        await this.backend.remove(id, UNREADABLE.version);
      } catch (error) {
        // It opens nothing: no request fails for it.
        if (!(error instanceof SessionError && error.code === 'SESSION_STORE')) throw error;
      }
    }
  }

  /**
   * An unchanged session lives longer if it is due, and is written again under a newer key. A read
   * does not fail where that fails: the next one tries again.
   */
  async renew(): Promise<void> {
    const { entry } = this;
    if (!entry.isRenewalDue) return;
    try {
      if (entry.isOutdated) {
        if (await entry.change((record) => this.renewedIfDue(record))) this.tell('committed');
      } else {
        const { createdAt, cookie } = entry.record!;
        if (await entry.touch(this.backend.expiryOf(createdAt, currentTime(), cookie)))
          this.tell('renewed');
      }
      this.isGone = entry.record === undefined;
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_STORE')) throw error;
    }
  }

  private renewed(record: SessionRecord): SessionRecord {
    return this.backend.recordOf(record, currentTime());
  }

  /** A newer key moves no deadline. */
  private renewedIfDue(record: SessionRecord): SessionRecord {
    return this.backend.isDue(record, currentTime()) ? this.renewed(record) : record;
  }

  /** What the store has acknowledged. The cookie goes out with the response. */
  private tell(...kinds: SessionEventKind[]): void {
    this.isCookieDue = true;
    for (const kind of kinds) this.backend.publish(kind, this.entry.record!.id);
  }

  drop(): void {
    this.backend.publish('dropped', this.base?.id);
    this.isGone = true;
  }

  async removeIfDue(): Promise<void> {
    if (!this.isRemovalDue) return;
    const { base } = this;
    if (base !== undefined && (!this.isGone || this.isOver)) {
      try {
        if (await this.backend.remove(base.id)) this.backend.publish('destroyed', base.id);
        this.removalError = undefined;
      } catch (error) {
        this.removalError = error as Error;
        throw error;
      }
    }
    await this.removeDamaged();
    this.isRemovalDue = false;
    this.isGone = false;
    this.isOver = false;
    this.isCookieDue = false;
    this.base = undefined;
    this.entry.forget();
  }

  /**
   * Adds to a number.
   *
   * @returns its text; `undefined` where the session is new and its cookie could not be sent
   * @throws SessionError `SESSION_ENDED`
   */
  async increment(key: string, by: number, now: SessionState): Promise<string | undefined> {
    const add = (record: SessionRecord): SessionRecord => ({
      ...this.renewed(record),
      texts: incremented(record.texts, key, by),
    });
    if (this.base === undefined) {
      if (!this.canSend(now)) return undefined;
      await this.begin({ ...now, texts: incremented(now.texts, key, by) });
    } else if (this.isGone || !(await this.entry.change(add))) {
      this.drop();
      this.refuseEnded();
    } else {
      this.tell('committed');
    }
    const text = this.entry.record!.texts.get(key)!;
    this.base = { ...this.base!, texts: new Map(this.base!.texts).set(key, text) };
    return text;
  }

  /** @throws SessionError `SESSION_ENDED` */
  refuseEnded(): never {
    throw new SessionError(
      'SESSION_ENDED',
      `Session '${this.backend.options.name}' was ended elsewhere while this request ran, or was given a new id there, so nothing of it was kept. After await session.reload() it is empty.`,
    );
  }
}
