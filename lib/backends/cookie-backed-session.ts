import type { CookieBackend, LoadedRecord } from './cookie-backend.js';
import type { SessionEventKind } from '../session.events.js';
import { BackedSession } from './backed-session.js';
import type { Decision, Kept } from './decision.js';
import type { LoadedSession } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { areSame, type SessionSnapshot } from '../session/session-state.js';
import { currentTime } from '../session.clock.js';

/** A session that its cookie carries whole. */
export class CookieBackedSession extends BackedSession<CookieBackend> {
  readonly store = undefined;
  private loaded: LoadedRecord | undefined;
  /** As the client was last sent it. */
  private sent: SessionRecord | undefined;
  private committed: SessionSnapshot | undefined;
  private kept: Kept = 'done';

  load(): LoadedSession | Promise<LoadedSession> {
    this.loaded = this.backend.load(this.cookieHeader);
    this.sent = this.loaded?.record;
    return this.sent ?? this.adoption?.open();
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

  /** The response carries all of it. */
  commit(): undefined {}

  check(): void {
    this.save(() => this.snapshot('changes'));
  }

  protected decideFor(kept: Kept): Decision {
    const { backend, live } = this;
    const now = currentTime();
    const nothing: Decision = { backend, events: [] };
    const snapshot = kept === 'done' ? live.saved : this.snapshot(kept);
    this.kept = kept;
    this.committed = snapshot;
    const isEmpty = snapshot === undefined || (snapshot.texts.size === 0 && !snapshot.isSaved);
    const lastId = live.record?.id ?? snapshot?.id ?? '';

    if (live.status === 'destroyed' && isEmpty) return this.delete(lastId);
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
    return !areSame(this.snapshot(kept), committed);
  }

  private seal(record: SessionRecord, now: number, kinds: readonly SessionEventKind[]): Decision {
    const { backend } = this;
    const cookie = backend.setCookie(backend.seal(record), record, now, this.isOverTls);
    if (cookie !== undefined) this.sent = record;
    const events = cookie === undefined ? [] : kinds.map((kind) => ({ kind, id: record.id }));
    return { backend, cookie, events };
  }

  private delete(id: string): Decision {
    const { backend } = this;
    const own = this.live.record?.cookie;
    const cookie = this.deletionOf(own);
    const isDeleted = cookie !== undefined && id !== '';
    const deletions = this.deletionsOf(own);
    return { backend, cookie, deletions, events: isDeleted ? [{ kind: 'destroyed', id }] : [] };
  }

  private deletionsOf(own: SessionCookieOptions | undefined): string[] {
    return this.twinDeletions(own, this.loaded?.isOneOfSeveral === true);
  }
}
