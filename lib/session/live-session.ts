import { SessionError } from '../session.errors.js';
import { unlessAwaited } from './awaited.js';
import type { LoadedSession, SessionBacking } from './session-backing.js';
import { SessionCookie } from './session-cookie.js';
import { sumOf } from './session-delta.js';
import type { SessionRecord } from './session-record.js';
import { areSame, type SessionSnapshot, type SessionState } from './session-state.js';
import { NO_TEXTS, SessionValues, type Texts } from './session-values.js';
import { currentTime } from '../session.clock.js';
import { type SignIn, signInOf } from './sign-in.js';

/**
 * - `unopened`: nobody has asked for anything yet
 * - `new`: the request brought no session that opens
 * - `loaded`: as the request brought it
 * - `regenerated`: the same under a new id
 * - `destroyed`: ended; values that follow are a new session's
 */
export type SessionStatus = 'unopened' | 'new' | 'loaded' | 'regenerated' | 'destroyed';

/** The session of one request, as it is now: what stands behind `RequestSession`. */
export class LiveSession {
  readonly values: SessionValues;
  cookie: SessionCookie;
  createdAt = 0;
  /** Who is signed in. */
  signIn: SignIn | undefined;
  status: SessionStatus = 'unopened';
  /** As the client has it. */
  record: SessionRecord | undefined;
  /** What `save()` kept for the response to carry. */
  saved: SessionSnapshot | undefined;
  /** Whether anybody looked or wrote, so that the answer depends on the session. */
  isUsed = false;
  /**
   * How often it was written to, or gave away an object that can be. What was decided at one count
   * holds as long as the count stands.
   */
  touches = 0;
  /** Whether it expired after the request had looked at it: it shows nothing. */
  isOver = false;
  private id = '';
  private opening: Promise<void> | undefined;
  /** How often it became what a record or a snapshot says. */
  private restored = 0;
  /** What a new session begins with. */
  private adopted: Texts = NO_TEXTS;

  constructor(readonly backing: SessionBacking) {
    this.values = new SessionValues(NO_TEXTS, backing.rules, (fault) => backing.report(fault));
    this.cookie = new SessionCookie(backing.cookie);
  }

  /** Whether it is being taken from the request. */
  get isOpening(): boolean {
    return this.status === 'unopened' && this.opening !== undefined;
  }

  /**
   * Takes the session from the request, once.
   *
   * @returns `undefined` where nothing has to be waited for
   */
  open(): Promise<void> | undefined {
    if (this.status !== 'unopened') return undefined;
    if (this.opening !== undefined) return this.opening;
    const loaded = this.backing.load();
    if (!(loaded instanceof Promise)) return this.begin(loaded);
    this.opening = loaded.then((record) => this.begin(record));
    return unlessAwaited(this.opening);
  }

  /** @throws SessionError `SESSION_UNAVAILABLE` where it would take waiting */
  openNow(): void {
    if (this.status !== 'unopened') return;
    const { store, name } = this.backing;
    if (store === undefined && this.open() === undefined) return;
    const why = store === undefined ? this.backing.whyItWaits : 'is kept in a store';
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `Session '${name}' ${why}, and nobody has opened it yet in this request. Any of these opens it: @Session() of nestjs-typed-session in a handler, await sessions.get(context) of SessionService in a guard, a pipe or an interceptor, await sessions.get(request, response) in middleware. Before all of them, in main.ts: const sessions = app.get(SessionService); app.use((request, response, next) => sessions.get(request, response).then(() => next(), next)). After that it is request.session too.`,
    );
  }

  /** Opens a session that may take waiting; another can be opened at any time. */
  openIfSlow(): Promise<void> | undefined {
    return this.backing.takesWaiting ? this.open() : undefined;
  }

  /** Shows nothing, in place of a session that could not be opened. */
  openEmpty(): void {
    this.backing.goWithout();
    this.begin(undefined);
  }

  private begin(loaded: LoadedSession): undefined {
    const isAdopted = loaded !== undefined && 'adopted' in loaded;
    this.adopted = isAdopted ? loaded.adopted : NO_TEXTS;
    this.record = isAdopted ? undefined : loaded;
    this.status = this.record === undefined ? 'new' : 'loaded';
    this.restore(this.record ?? { id: '', createdAt: currentTime(), texts: this.adopted });
    return undefined;
  }

  /** Somebody looks at it. */
  use(): void {
    if (this.status === 'unopened') this.openNow();
    this.isUsed = true;
    if (!this.isOver && this.backing.isOver) this.expire();
  }

  /** A session that is over shows nothing, and keeps nothing that is written to it. */
  private expire(): void {
    this.isOver = true;
    this.backing.store?.expire();
    this.adopted = NO_TEXTS;
    this.empty();
  }

  /** Somebody writes to it. @throws SessionError where the change could not be kept */
  useForWriting(): void {
    this.use();
    this.touches++;
    this.backing.assertWritable();
  }

  get hasBegunHere(): boolean {
    return this.status === 'new' || this.status === 'destroyed';
  }

  get expiresAt(): number {
    const { record, cookie } = this;
    const isAsLoaded = !cookie.isHandedOut && record?.createdAt === this.createdAt;
    return isAsLoaded
      ? record.expiresAt
      : this.backing.expiryOf(this.createdAt, cookie.departures());
  }

  /** Most new sessions stay empty and are never kept: they need no id. */
  ensureId(): string {
    return (this.id ||= this.backing.newId());
  }

  async save(): Promise<void> {
    this.useForWriting();
    const saving = this.backing.save(() => {
      // A session that was ended is not begun again by a save that stores nothing.
      return this.snapshot(this.backing.isUnseen, this.status !== 'destroyed');
    });
    this.saved = saving instanceof Promise ? await saving : saving;
  }

  async increment(key: string, by: number): Promise<number> {
    this.useForWriting();
    const count = sumOf(this.values.get(key), by, key);
    const { store } = this.backing;
    if (store === undefined || this.values.isChanged(key)) {
      this.values.set(key, count);
      return count;
    }
    const { restored } = this;
    const now = { ...this.stateWith(this.signIn), id: this.ensureId(), texts: this.adopted };
    const text = await store.increment(key, by, now);
    // What is in the place of a session that was ended meanwhile was never counted.
    if (restored === this.restored) {
      if (text === undefined) this.values.set(key, count);
      else this.values.accept(key, text);
    }
    return text === undefined ? count : (JSON.parse(text) as number);
  }

  /** @param options as `Session.regenerate` takes them */
  async regenerate(options?: unknown): Promise<void> {
    if (this.status === 'unopened') this.openNow();
    const signIn = signInOf(options, this.signIn, () => this.backing.newRef());
    this.useForWriting();
    this.backing.assertRenewable();
    this.id = this.backing.newId();
    if (this.status === 'loaded') this.status = 'regenerated';
    this.renewSecret();
    const { restored } = this;
    const before = this.signIn;
    // Only what the registry knows is shown as signed in.
    await this.backing.registration?.signIn({ ...this.stateWith(signIn), id: this.id });
    if (restored === this.restored && this.signIn === before) this.signIn = signIn;
    this.touches++;
  }

  /** Notes that the user has just proved again who they are. */
  async reauthenticate(): Promise<void> {
    this.useForWriting();
    this.signIn = { ...this.signIn, authenticatedAt: currentTime() };
  }

  /** Nobody is signed in any more, once the response says so. */
  forgetSignIn(): void {
    this.useForWriting();
    this.signIn = undefined;
  }

  /** A secret against forged requests is not one that an attacker may have planted before a sign-in. */
  private renewSecret(): void {
    const { secretKey } = this.backing;
    if (secretKey === undefined || !this.values.has(secretKey)) return;
    if (typeof this.values.get(secretKey) === 'string') {
      this.values.set(secretKey, this.backing.newId());
    } else {
      this.values.delete(secretKey);
    }
  }

  private stateWith(signIn: SignIn | undefined): SessionState {
    const { id, createdAt, cookie } = this;
    return { id, createdAt, cookie: cookie.departures(), signIn, texts: NO_TEXTS };
  }

  async destroy(): Promise<void> {
    this.useForWriting();
    this.status = 'destroyed';
    this.saved = undefined;
    // What follows must take the place of the cookie that it ends, not stand beside it.
    const { path, domain } = this.cookie.own ?? {};
    const cookie = path === undefined && domain === undefined ? undefined : { path, domain };
    this.adopted = NO_TEXTS;
    this.restore({ id: '', createdAt: currentTime(), cookie, texts: NO_TEXTS });
    const { store, registration } = this.backing;
    await Promise.all([this.backing.endOld(), store?.destroy(), registration?.signOut()]);
  }

  async reload(): Promise<void> {
    this.use();
    this.touches++;
    const isKept = this.status === 'loaded' || this.status === 'regenerated';
    const { store } = this.backing;
    const kept = store === undefined ? await this.keptInCookie(isKept) : await store.reread();
    if (kept !== undefined) {
      if (store !== undefined) this.isOver = false;
      this.restore(kept);
      if (isKept && kept !== this.saved) this.status = 'loaded';
    } else {
      // What was ended elsewhere is gone, and nothing brings it back.
      if (this.saved !== undefined) this.adopted = NO_TEXTS;
      this.empty();
    }
  }

  /** What was saved for the response, or what the request brought, unless it was ended elsewhere. */
  private async keptInCookie(isKept: boolean): Promise<SessionState | undefined> {
    const kept = this.saved ?? (isKept && !this.isOver ? this.record : undefined);
    const isKnown = kept === undefined || (await this.backing.registration?.isKnown(kept));
    return isKnown === false ? undefined : kept;
  }

  /** Makes it what a new session begins with. */
  private empty(): void {
    this.saved = undefined;
    const { id, createdAt, adopted } = this;
    this.restore({ id, createdAt, cookie: this.cookie.own, texts: adopted });
  }

  /**
   * The session as it is now.
   *
   * @param keepsFlashes whether the flashes that were read come back
   * @param isWanted whether it is kept where it is empty too, so that its id stays
   * @throws SessionError where a value cannot be stored
   */
  snapshot(keepsFlashes: boolean, isWanted = this.saved?.isSaved ?? false): SessionSnapshot {
    this.backing.refuseProperties();
    const { signIn } = this;
    const isSaved = isWanted || signIn !== undefined;
    const texts = this.values.textsNow(keepsFlashes);
    return {
      id: texts.size === 0 && !isSaved ? this.id : this.ensureId(),
      createdAt: this.createdAt,
      cookie: this.cookie.departures(),
      signIn,
      texts,
      flashKeys: this.values.flashKeys,
      isSaved,
    };
  }

  /** Whether a snapshot holds what the client already has. */
  isAsLoaded(snapshot: SessionSnapshot): boolean {
    const { record } = this;
    return record !== undefined && areSame(record, snapshot);
  }

  /** Makes this session what a record or a snapshot says. */
  private restore(from: SessionState): void {
    this.restored++;
    this.id = from.id;
    this.createdAt = from.createdAt;
    this.signIn = from.signIn;
    this.cookie = new SessionCookie(this.backing.cookie, from.cookie);
    this.values.reset(from.texts);
  }
}
