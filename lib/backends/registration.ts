import type { Answer, RegisteredSession } from '../registry/session-registry.js';
import { SessionError } from '../session.errors.js';
import type { RegistryBacking } from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionState } from '../session/session-state.js';
import { afterwards, type OwnedSessions } from './owned-sessions.js';
import { currentTime } from '../session.clock.js';

/** Runs what a request does with its session one after the other. */
export type Run = <T>(act: () => Promise<T>) => Promise<T>;

interface Entry {
  readonly owner: string;
  session: RegisteredSession;
}

/** What one request does in the registry with its session. */
export class Registration implements RegistryBacking {
  /** As the registry has them: that of the session, and what this request has added. By their `ref`. */
  private readonly entries = new Map<string, Entry>();
  /** Which of them the client's session has. */
  private current: string | undefined;
  /** Another request has ended the session. */
  isEnded = false;
  /** The session was ended here, and the registry does not know that yet. */
  isRemovalDue = false;
  private removalError: Error | undefined;

  constructor(
    private readonly owned: OwnedSessions,
    /** The record of a session as it is now. */
    private readonly recordOf: (state: SessionState) => SessionRecord,
    private readonly run: Run,
  ) {}

  /** Takes over what the registry knows of the session that the request brings. */
  opened({ signIn }: SessionRecord, session: RegisteredSession): void {
    this.entries.set(session.ref, { owner: signIn!.owner!.id, session });
    this.current = session.ref;
  }

  /** Whether the registry knows a session of this request. */
  get isInvolved(): boolean {
    return this.entries.size > 0;
  }

  /** Whether a tenth of the idle time has gone by since the registry was told of a use. */
  get isTouchDue(): boolean {
    const entry = this.current === undefined ? undefined : this.entries.get(this.current);
    if (entry === undefined || this.isEnded) return false;
    const { keepUntil, expiresAt, lastUsedAt } = entry.session;
    return currentTime() - lastUsedAt >= keepUntil - expiresAt;
  }

  async signIn(state: SessionState): Promise<void> {
    const owner = state.signIn?.owner;
    // A session that keeps its owner is told of its new id when that is kept.
    if (owner === undefined || this.entries.get(owner.ref)?.owner === owner.id) return;
    await this.run(async () => {
      const session = this.owned.entryOf(this.recordOf(state), owner);
      await this.owned.add(state.id, owner.id, session);
      this.entries.set(owner.ref, { owner: owner.id, session });
    });
  }

  async isKnown({ id, signIn }: SessionState): Promise<boolean> {
    const owner = signIn?.owner;
    if (owner === undefined) return true;
    const entry = this.entries.get(owner.ref);
    if (entry === undefined || this.isEnded) return false;
    const { key } = entry.session;
    const found = await this.run(async () => this.owned.findAt(this.owned.placeOf(owner), key, id));
    this.isEnded = found === undefined;
    return !this.isEnded;
  }

  signOut(): Promise<void> {
    this.isRemovalDue = true;
    return this.run(() => this.removeIfDue());
  }

  async removeIfDue(): Promise<void> {
    if (!this.isRemovalDue) return;
    try {
      await this.removeAllBut(undefined);
      this.removalError = undefined;
    } catch (error) {
      this.removalError = error as Error;
      throw error;
    }
    this.isRemovalDue = this.isEnded = false;
    this.current = undefined;
  }

  /** Takes the session out of the registry, within what is under way. */
  end(): Promise<void> {
    this.isRemovalDue = true;
    return this.removeIfDue();
  }

  /** As for a store: a removal that failed is not tried again, and nobody may be told that it was done. */
  async finishRemoval(isKept: boolean): Promise<void> {
    if (this.removalError === undefined) await this.removeIfDue();
    else if (isKept) throw this.removalError;
  }

  /**
   * Brings the registry to what is kept of the session.
   *
   * @param next the session as it is kept
   * @param asks whether the registry is asked where it need not be told anything
   * @param check is called before it is told; what it throws is thrown
   * @returns whether the session is accepted; not, where another request has ended it
   * @throws SessionError `SESSION_STORE`, at once or later
   */
  keep(next: SessionRecord, asks: boolean, check?: () => void): Answer<boolean> {
    if (this.isEnded) return false;
    const owner = next.signIn?.owner;
    const entry = owner && this.entries.get(owner.ref);
    if (owner === undefined || entry === undefined) return true;
    const session = this.owned.entryOf(next, owner);
    if (this.differs(entry.session, session)) {
      check?.();
      const { key } = entry.session;
      return afterwards(this.owned.replace(next.id, owner.id, session, key), (isReplaced) => {
        entry.session = session;
        this.isEnded = !isReplaced;
        return isReplaced;
      });
    }
    // What this request has added, it knows.
    if (!asks || owner.ref !== this.current) return true;
    return afterwards(this.owned.find(next.id, owner), (found) => {
      this.isEnded = found === undefined;
      return found !== undefined;
    });
  }

  /**
   * Takes away what the session has no more, once it is kept.
   *
   * @returns `undefined` where there is nothing to take away
   * @throws SessionError `SESSION_STORE`
   */
  settle({ signIn }: SessionState): Promise<void> | undefined {
    this.current = signIn?.owner?.ref;
    return this.discard();
  }

  /** Tells the registry of a use. A read does not fail where that fails: the next one tries again. */
  async touch(next: SessionRecord): Promise<void> {
    try {
      await this.keep(next, false);
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_STORE')) throw error;
    }
  }

  /** Takes away what this request has added and does not keep. @throws SessionError `SESSION_STORE` */
  discard(): Promise<void> | undefined {
    const isAlone = this.entries.size === (this.current === undefined ? 0 : 1);
    return isAlone ? undefined : this.removeAllBut(this.current);
  }

  private async removeAllBut(kept: string | undefined): Promise<void> {
    for (const [ref, { owner }] of this.entries) {
      if (ref === kept) continue;
      await this.owned.remove(owner, ref);
      this.entries.delete(ref);
    }
  }

  /** Whether the registry must be told: of a new id or label, of a use, of another lifetime. */
  private differs(known: RegisteredSession, next: RegisteredSession): boolean {
    const interval = next.keepUntil - next.expiresAt;
    return (
      known.key !== next.key ||
      known.idHash !== next.idHash ||
      known.label !== next.label ||
      next.lastUsedAt - known.lastUsedAt >= interval ||
      Math.abs(next.expiresAt - known.expiresAt) >= interval
    );
  }
}
