import type { CookieBackend, LoadedRecord } from './cookie-backend.js';
import { hasListeners, type SessionEventKind } from '../session.events.js';
import type { RegisteredSession } from '../registry/session-registry.js';
import { BackedSession } from './backed-session.js';
import type { Registration } from './registration.js';
import { Sequence } from './sequence.js';
import { StoreBudget } from './store-budget.js';
import type { Decision, Kept } from './decision.js';
import type { LoadedSession } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { areSame, type SessionSnapshot } from '../session/session-state.js';
import { currentTime } from '../session.clock.js';

const NONE: ReadonlySet<string> = new Set();

/** A session that its cookie carries whole. */
export class CookieBackedSession extends BackedSession<CookieBackend> {
  readonly store = undefined;
  private loaded: LoadedRecord | undefined;
  /** As the client was last sent it. */
  private sent: SessionRecord | undefined;
  private committed: SessionSnapshot | undefined;
  /** The registry was told of that snapshot, and the response was not decided yet. */
  private isCommitted = false;
  private kept: Kept = 'done';
  // Where a registry is asked: most sessions of a cookie wait for nobody.
  private sequence: Sequence | undefined;
  private budget: StoreBudget | undefined;

  load(): LoadedSession | Promise<LoadedSession> {
    return this.loadUnless(NONE);
  }

  /** @param revoked the ids of sessions that the registry does not know */
  private loadUnless(revoked: ReadonlySet<string>): LoadedSession | Promise<LoadedSession> {
    const loaded = this.watched(() => this.backend.load(this.cookieHeader, revoked));
    const record = loaded?.record;
    const owner = record?.signIn?.owner;
    const { owned } = this.backend;
    if (owner === undefined || owned === undefined) return this.take(loaded);
    const takeIfKnown = (session: RegisteredSession | undefined) => {
      if (session !== undefined) this.registration!.opened(record!, session);
      else this.backend.reject('revoked', record!.id);
      return session !== undefined
        ? this.take(loaded)
        : this.loadUnless(new Set([...revoked, record!.id]));
    };
    try {
      const found = owned.find(record!.id, owner);
      if (!(found instanceof Promise)) return takeIfKnown(found);
      return this.run(() => found)
        .then(takeIfKnown)
        .catch((error: unknown) => this.goWithoutOrThrow(error));
    } catch (error) {
      return this.goWithoutOrThrow(error);
    }
  }

  private take(loaded: LoadedRecord | undefined): LoadedSession | Promise<LoadedSession> {
    this.loaded = loaded;
    this.sent = loaded?.record;
    return this.sent ?? this.adoption?.open();
  }

  protected run<T>(act: () => Promise<T>): Promise<T> {
    const { owned, options } = this.backend;
    this.budget ??= new StoreBudget(options.name, owned!.timeout);
    const sequence = (this.sequence ??= new Sequence());
    return this.budget.run(() => sequence.run(act));
  }

  private get isBusy(): boolean {
    return this.sequence?.isBusy === true;
  }

  get waitsForCommit(): boolean {
    const { registration, live } = this;
    if (registration === undefined) return false;
    if (this.isBusy || registration.isRemovalDue) return true;
    return registration.isInvolved && (live.touches > 0 || registration.isTouchDue);
  }

  get isOver(): boolean {
    return this.response.isLate && this.sent !== undefined && this.backend.isOver(this.sent);
  }

  /** Checks that it can be kept: the response carries it. */
  save(take: () => SessionSnapshot): SessionSnapshot {
    const snapshot = take();
    this.backend.check(this.backend.recordOf(snapshot, currentTime()));
    return snapshot;
  }

  /** The response carries all of it; the registry is told of the sign-in. */
  commit(kept: Kept): Promise<void> | undefined {
    const { registration } = this;
    if (registration === undefined || !this.waitsForCommit) return undefined;
    if (!this.isBusy && !registration.isRemovalDue) return this.register(kept, registration);
    return this.run(async () => {
      await registration.finishRemoval(kept !== 'done');
      await this.register(kept, registration);
    });
  }

  private register(kept: Kept, registration: Registration): Promise<void> | undefined {
    const { backend, live } = this;
    const snapshot = (this.committed = kept === 'done' ? live.saved : this.snapshot(kept));
    this.isCommitted = true;
    if (snapshot === undefined) return registration.discard();
    const next = backend.recordOf(snapshot, currentTime());
    if (live.isAsLoaded(snapshot)) {
      if (registration.isTouchDue) return registration.touch(next);
      return registration.discard();
    }
    if (backend.cookieOf(snapshot.cookie).maxAge < 0) return registration.end();
    return this.keep(snapshot, next, registration);
  }

  private keep(
    snapshot: SessionSnapshot,
    next: SessionRecord,
    registration: Registration,
  ): Promise<void> | undefined {
    const finish = (isKept: boolean) => {
      if (isKept) return registration.settle(snapshot);
      this.backend.publish('dropped', snapshot.id);
      return undefined;
    };
    // What does not fit is not told.
    const check = () => {
      if (snapshot.texts.size > 0 || snapshot.isSaved) this.backend.check(next);
    };
    const keeping = registration.keep(next, true, check);
    return keeping instanceof Promise ? keeping.then(finish) : finish(keeping);
  }

  override isDecidedFor(status: number, isDropped: boolean): boolean {
    if (this.isBusy || this.registration?.isRemovalDue === true) return false;
    return super.isDecidedFor(status, isDropped);
  }

  check(): void {
    this.save(() => this.snapshot('changes'));
  }

  protected decideFor(kept: Kept, isAtOnce: boolean): Decision {
    const decision = this.decisionFor(kept, isAtOnce && this.isCommitted);
    this.isCommitted = false;
    const { backend, live, loaded, committed } = this;
    const { cookie, onSent } = decision;
    if (loaded === undefined || cookie === undefined || !hasListeners('conflict')) return decision;
    const isChanged = committed === undefined || !live.isAsLoaded(committed);
    const id = decision.isDeletion === true ? undefined : this.sent?.id;
    return {
      ...decision,
      onSent: () => {
        onSent?.();
        backend.noteAnswer(loaded, id, isChanged);
      },
    };
  }

  /** @param isCommitted whether the snapshot was just taken */
  private decisionFor(kept: Kept, isCommitted: boolean): Decision {
    const { backend, live } = this;
    const now = currentTime();
    const nothing: Decision = { backend, events: [] };
    if (this.isAnonymous || this.registration?.isEnded === true) return nothing;
    if (!isCommitted) this.committed = kept === 'done' ? live.saved : this.snapshot(kept);
    const snapshot = this.committed;
    this.kept = kept;
    const isEmpty = snapshot === undefined || (snapshot.texts.size === 0 && !snapshot.isSaved);
    const lastId = live.record?.id ?? snapshot?.id ?? '';

    if (live.status === 'destroyed' && isEmpty) {
      // Nobody is told that it has ended while a copy of it is accepted.
      return this.registration?.isRemovalDue === true ? nothing : this.delete(lastId);
    }
    if (snapshot === undefined || (live.hasBegunHere && isEmpty)) return nothing;
    if (backend.cookieOf(snapshot.cookie).maxAge < 0) return this.delete(lastId);

    if (this.isAdoptedAsItWas(snapshot) && !backend.fits(this.backend.recordOf(snapshot, now))) {
      // As for a session of ours: a read does not fail.
      this.adoption!.warnOfSize();
      return nothing;
    }
    if (live.isAsLoaded(snapshot)) return this.sendAgain(snapshot, now) ?? nothing;
    const { record } = live;
    const kinds: SessionEventKind[] = ['committed'];
    if (live.hasBegunHere) kinds.unshift('created');
    else if (record !== undefined && record.id !== snapshot.id) kinds.unshift('regenerated');
    const decision = this.seal(this.backend.recordOf(snapshot, now), now, kinds);
    if (record === undefined || record.id === snapshot.id) return decision;
    const withoutTwins = { ...decision, deletions: this.deletionsOf(snapshot.cookie) };
    if (live.status !== 'destroyed') return withoutTwins;
    return { ...withoutTwins, events: [{ kind: 'destroyed', id: lastId }, ...decision.events] };
  }

  /**
   * An unchanged session goes out again if it is due, or under a newer key. If it no longer fits
   * (`maxCookieBytes` was lowered), the client keeps the one that it has: a read does not fail.
   */
  private sendAgain(snapshot: SessionSnapshot, now: number): Decision | undefined {
    const { backend, live } = this;
    const record = live.record!;
    const isDue = backend.isDue(record, now);
    if (!isDue && !this.loaded!.isOutdated) return undefined;
    const next = isDue ? this.backend.recordOf(snapshot, now) : record;
    return backend.fits(next) ? this.seal(next, now, [isDue ? 'renewed' : 'committed']) : undefined;
  }

  hasChangedSince(): boolean {
    const { committed, kept } = this;
    if (committed === undefined || kept === 'done' || this.live.isOver) return false;
    if (this.isAnonymous || this.registration?.isEnded === true) return false;
    return !areSame(this.snapshot(kept), committed);
  }

  private seal(record: SessionRecord, now: number, kinds: readonly SessionEventKind[]): Decision {
    const { backend } = this;
    const cookie = backend.setCookie(backend.seal(record), record, now, this.isOverTls);
    if (cookie === undefined) return { backend, events: [] };
    this.sent = record;
    const events = kinds.map((kind) => ({ kind, id: record.id }));
    return { backend, cookie, events };
  }

  private delete(id: string): Decision {
    const { backend } = this;
    const own = this.live.record?.cookie;
    const cookie = this.deletionOf(own);
    const isDeleted = cookie !== undefined && id !== '';
    const deletions = this.deletionsOf(own);
    const events = isDeleted ? [{ kind: 'destroyed' as const, id }] : [];
    return { backend, cookie, deletions, events, isDeletion: true };
  }

  private deletionsOf(own: SessionCookieOptions | undefined): string[] {
    return this.twinDeletions(own, this.loaded?.isOneOfSeveral === true);
  }
}
