import { setTimeout as wait } from 'node:timers/promises';
import { applyDelta, deltaOf, incremented, type SessionDelta } from './session.delta.js';
import { SessionError } from './session.errors.js';
import type { SessionEventKind } from './session.events.js';
import { type Decision, OpenSession } from './session.open.js';
import type { SessionRecord } from './session.record.js';
import {
  areSame,
  type SessionServer,
  type SessionSnapshot,
  type SessionState,
} from './session.request.js';
import type { StoreCarrier, StoredRecord } from './session.store-carrier.js';

/** How often a change is tried again that met a newer version. */
const MAX_TRIES = 100;
/** From the third try on: at random, so that those who met do not meet again. Milliseconds. */
const MAX_PAUSE = 5;

/** A session that a store keeps. What it does there, it does one after the other. */
export class StoreSession extends OpenSession<StoreCarrier> implements SessionServer {
  readonly server: SessionServer = this;
  /** As the store has it, as far as is known here. */
  private stored: StoredRecord | undefined;
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

  load(): Promise<SessionRecord | undefined> | undefined {
    const ids = this.carrier.idsIn(this.cookieHeader);
    return ids.length === 0 ? undefined : this.loadFirst(ids);
  }

  private async loadFirst(
    ids: readonly { readonly id: string; readonly isOutdated: boolean }[],
  ): Promise<SessionRecord | undefined> {
    try {
      for (const { id, isOutdated } of ids) {
        const stored = await this.carrier.read(id);
        if (typeof stored === 'object') {
          this.isCookieDue = isOutdated;
          this.stored = stored;
          this.base = stored.record;
          return stored.record;
        }
        this.carrier.reject(stored, id);
      }
    } catch (error) {
      if (this.carrier.onStoreError === 'fail') throw error;
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
      await this.readAgain(this.base.id);
      if (this.stored === undefined) this.isGone = true;
      else this.base = this.stored.record;
      return this.stored?.record;
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
      const { base = now } = this;
      const add = (record: SessionRecord): SessionRecord => ({
        ...this.renewed(record),
        texts: incremented(record.texts, key, by),
      });
      if (this.base !== undefined) await this.change(add);
      else if (this.canSend(now)) await this.begin(add(this.recordOf(now, Date.now())));
      const text = this.isGone ? undefined : this.stored?.record.texts.get(key);
      if (text === undefined) return undefined;
      this.base = { ...base, texts: new Map(base.texts).set(key, text) };
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
    if (!this.differs(snapshot) && !this.isRenewalDue) return undefined;
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
    return this.carrier.cookieOf(cookie).maxAge < 0;
  }

  /** An entry that no cookie leads to would lie there until it expires. */
  private canSend({ cookie }: SessionState): boolean {
    return this.carrier.canSend(cookie, this.isOverTls);
  }

  decide(): Decision {
    const { carrier, stored } = this;
    if (this.session.status === 'unopened' || this.isGone) return { carrier, events: [] };
    if (stored === undefined) {
      const isEnded = this.session.record !== undefined && !this.isAnonymous;
      const isDeleted = isEnded || this.session.status === 'destroyed';
      const own = this.session.record?.cookie;
      return { carrier, cookie: isDeleted ? this.deletionOf(own) : undefined, events: [] };
    }
    if (!this.isCookieDue) return { carrier, events: [] };
    const token = carrier.sealId(stored.record.id);
    const cookie = carrier.setCookie(token, stored.record, Date.now(), this.isOverTls);
    return { carrier, cookie, events: [] };
  }

  private async keep(snapshot: SessionSnapshot): Promise<void> {
    if (!this.differs(snapshot)) return;
    const { base, carrier } = this;
    if (this.endsWith(snapshot)) {
      this.isRemovalDue = true;
      return this.removeIfDue();
    }
    carrier.checkCookie(snapshot.cookie);
    if (base === undefined) await this.begin(this.recordOf(snapshot, Date.now()));
    else if (base.id === snapshot.id) await this.apply(deltaOf(base, snapshot));
    else await this.move(snapshot.id, deltaOf(base, snapshot));
    if (!this.isGone) this.base = snapshot;
  }

  private async begin(record: SessionRecord): Promise<void> {
    this.wrote(await this.create(record), ['created', 'committed']);
    this.base = record;
  }

  /** Nobody else knows the id: what lies there already is this request's, of a try that failed. */
  private async create(record: SessionRecord, earlier?: StoredRecord): Promise<StoredRecord> {
    const written = await this.carrier.write(record, earlier?.version);
    if (written !== undefined) return written;
    const there = await this.carrier.read(record.id);
    const again =
      typeof there === 'object' ? await this.carrier.write(record, there.version) : undefined;
    if (again !== undefined) return again;
    throw this.failure('a new session was neither written nor found');
  }

  private async apply(delta: SessionDelta): Promise<void> {
    await this.change((record) => this.renewed(applyDelta(delta, record)));
  }

  /** Does something to what the store has now, again and again until nobody else was faster. */
  private async change(apply: (record: SessionRecord) => SessionRecord): Promise<void> {
    for (let tries = 0; await this.isThere(tries); tries++) {
      const { record, version } = this.stored!;
      const written = await this.carrier.write(apply(record), version);
      if (written !== undefined) return this.wrote(written, ['committed']);
      await this.readAgain(record.id);
    }
    this.drop();
  }

  /**
   * Gives the session a new id. The new entry is written before the old one is taken away, so that
   * nothing is lost where the store fails in between; and whoever finds the old one gone has met a
   * sign-out, or another move, and takes the new one away again.
   */
  private async move(id: string, delta: SessionDelta): Promise<void> {
    let moved: StoredRecord | undefined;
    for (let tries = 0; await this.isThere(tries); tries++) {
      const { record, version } = this.stored!;
      moved = await this.create(this.renewed({ ...applyDelta(delta, record), id }), moved);
      if (await this.carrier.remove(record.id, version)) {
        return this.wrote(moved, ['regenerated', 'committed']);
      }
      await this.readAgain(record.id);
    }
    if (moved !== undefined) await this.carrier.remove(id);
    this.drop();
  }

  /** @throws SessionError `SESSION_STORE` where it was tried too often */
  private async isThere(tries: number): Promise<boolean> {
    // Another request may have renewed it since.
    if (this.isOver) await this.readAgain(this.stored!.record.id);
    if (this.stored === undefined) return false;
    if (tries === MAX_TRIES) throw this.failure(`${MAX_TRIES} tries met a newer version`);
    if (tries > 2) await wait(Math.random() * MAX_PAUSE);
    return true;
  }

  /** Whether it has ended, as far as is known here. */
  private get isOver(): boolean {
    return this.stored !== undefined && this.carrier.isOver(this.stored.record);
  }

  private async readAgain(id: string): Promise<void> {
    const stored = await this.carrier.read(id);
    this.stored = typeof stored === 'object' ? stored : undefined;
  }

  private renewed(record: SessionRecord): SessionRecord {
    return this.recordOf(record, Date.now());
  }

  /** A newer key moves no deadline. */
  private renewedIfDue(record: SessionRecord): SessionRecord {
    return this.carrier.isDue(record, Date.now()) ? this.renewed(record) : record;
  }

  private wrote(stored: StoredRecord, kinds: readonly SessionEventKind[]): void {
    this.stored = stored;
    this.isCookieDue = true;
    for (const kind of kinds) this.carrier.publish(kind, stored.record.id);
  }

  private drop(): void {
    this.carrier.publish('dropped', this.base?.id);
    this.isGone = true;
    this.stored = undefined;
  }

  private get isRenewalDue(): boolean {
    const { stored } = this;
    if (stored === undefined || this.isOver) return false;
    return stored.isOutdated || this.carrier.isDue(stored.record, Date.now());
  }

  /**
   * An unchanged session lives longer if it is due, and is written again under a newer key. A read
   * does not fail where that fails: the next one tries again.
   */
  private async renew(): Promise<void> {
    if (!this.isRenewalDue) return;
    const { record, isOutdated } = this.stored!;
    try {
      if (isOutdated) return await this.change((current) => this.renewedIfDue(current));
      const expiresAt = this.expiryOf(record.createdAt, record.cookie);
      if (!(await this.carrier.touch(record.id, expiresAt))) {
        this.isGone = true;
        return;
      }
      this.stored = { ...this.stored!, record: { ...record, expiresAt, sentAt: Date.now() } };
      this.isCookieDue = true;
      this.carrier.publish('renewed', record.id);
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_STORE')) throw error;
    }
  }

  private async removeIfDue(): Promise<void> {
    if (!this.isRemovalDue) return;
    const { base } = this;
    if (base !== undefined && !this.isGone) {
      try {
        await this.carrier.remove(base.id);
      } catch (error) {
        this.removalError = error as Error;
        throw error;
      }
      this.carrier.publish('destroyed', base.id);
    }
    this.isRemovalDue = false;
    this.isGone = false;
    this.isCookieDue = false;
    this.base = undefined;
    this.stored = undefined;
  }

  private failure(reason: string): SessionError {
    return new SessionError(
      'SESSION_STORE',
      `Session '${this.name}' could not be kept: ${reason}.`,
    );
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.queued++ === 0 ? act() : this.queue.then(act);
    const done = turn.finally(() => void this.queued--);
    this.queue = done.catch(() => {});
    return done;
  }
}
