import { SessionError } from '../session.errors.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { sumOf } from './session-delta.js';
import type { SessionBacking } from './session-backing.js';
import type { SessionRecord } from './session-record.js';
import { SessionCookie } from './session-cookie.js';
import { areSame, type SessionSnapshot, type SessionState } from './session-state.js';
import { DEFAULT_FLASH_KEY, NO_TEXTS, SessionValues } from './session-values.js';

/**
 * - `unopened`: nobody has asked for anything yet
 * - `new`: the request brought no session that opens
 * - `loaded`: as the request brought it
 * - `regenerated`: the same under a new id
 * - `destroyed`: ended; values that follow are a new session's
 */
export type SessionStatus = 'unopened' | 'new' | 'loaded' | 'regenerated' | 'destroyed';

/** The session of one request: what stands behind the interface `Session`. */
export class RequestSession {
  // All that it holds is private, so that neither a log nor a response shows it by accident.
  readonly #backing: SessionBacking;
  #status: SessionStatus = 'unopened';
  #opening: Promise<this> | undefined;
  #isUsed = false;
  #record: SessionRecord | undefined;
  #saved: SessionSnapshot | undefined;
  readonly #values: SessionValues;
  #id = '';
  #createdAt = 0;
  #cookie: SessionCookie;
  #touches = 0;
  /** How often it became what a record or a snapshot says. */
  #restored = 0;

  constructor(backing: SessionBacking) {
    this.#backing = backing;
    this.#cookie = new SessionCookie(backing.cookie);
    this.#values = new SessionValues(NO_TEXTS, backing.rules, (fault) => backing.report(fault));
  }

  /** @internal */
  get status(): SessionStatus {
    return this.#status;
  }

  /** @internal Whether anybody looked or wrote, so that the answer depends on the session. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /**
   * @internal How often it was written to, or gave away an object that can be. What was decided
   * at one count holds as long as the count stands.
   */
  get touches(): number {
    return this.#touches;
  }

  /** @internal Whether flashes were read that a 304 must bring back. */
  get hasConsumedFlashes(): boolean {
    return this.#values.hasConsumed;
  }

  /** @internal As the client has it. */
  get record(): SessionRecord | undefined {
    return this.#record;
  }

  /** @internal What `save()` kept for the response to carry. */
  get saved(): SessionSnapshot | undefined {
    return this.#saved;
  }

  /** @internal Whether it is being taken from the request. */
  get isOpening(): boolean {
    return this.#status === 'unopened' && this.#opening !== undefined;
  }

  /** @internal Takes the session from the request, once; at once where that takes no waiting. */
  open(): this | Promise<this> {
    if (this.#status !== 'unopened') return this;
    if (this.#opening !== undefined) return this.#opening;
    const loaded = this.#backing.load();
    if (!(loaded instanceof Promise)) return this.#begin(loaded);
    this.#opening = loaded.then((record) => this.#begin(record));
    return unlessAwaited(this.#opening);
  }

  /**
   * @internal
   * @throws SessionError `SESSION_UNAVAILABLE` where it would take waiting
   */
  openNow(): this {
    if (this.#status !== 'unopened') return this;
    if (this.#backing.store === undefined) {
      return this.#begin(this.#backing.load() as SessionRecord | undefined);
    }
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `Session '${this.name}' is kept in a store, and nobody has opened it yet in this request. Any of these opens it: @Session() of nestjs-typed-session in a handler, await sessions.get(context) of SessionService in a guard, a pipe or an interceptor, await sessions.get(request, response) in middleware. After that it is request.session too.`,
    );
  }

  /** @internal Opens a session that a store keeps; another can be opened at any time, without waiting. */
  openIfStored(): Promise<this> | undefined {
    const opening = this.#backing.store === undefined ? this : this.open();
    return opening instanceof Promise ? opening : undefined;
  }

  /** @internal Shows nothing, in place of a session that could not be opened. */
  openEmpty(): this {
    this.#backing.store?.goWithout();
    return this.#begin(undefined);
  }

  #begin(record: SessionRecord | undefined): this {
    this.#record = record;
    this.#status = record === undefined ? 'new' : 'loaded';
    this.#restore(record ?? { id: '', createdAt: Date.now(), texts: NO_TEXTS });
    return this;
  }

  get values(): Record<string, unknown> {
    this.#use();
    this.#touches++;
    return this.#guarded(this.#values.all());
  }

  get(key: string): unknown {
    this.#use();
    const value = this.#values.get(key);
    if (typeof value === 'object') this.#touches++;
    return value;
  }

  set(key: string, value: unknown): void {
    this.#useForWriting();
    this.#values.set(key, value);
  }

  has(key: string): boolean {
    this.#use();
    return this.#values.has(key);
  }

  delete(key: string): boolean {
    this.#useForWriting();
    const had = this.#values.has(key);
    this.#values.delete(key);
    return had;
  }

  clear(): void {
    this.#useForWriting();
    this.#values.clear();
  }

  addFlash(value: unknown, key: string = DEFAULT_FLASH_KEY): void {
    this.#useForWriting();
    this.#values.addFlash(value, key);
  }

  flashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    const flashes = this.peekFlashes(key);
    if (flashes.length > 0) {
      this.#backing.assertWritable();
      this.#touches++;
      this.#values.consume(key);
    }
    return flashes;
  }

  peekFlashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    this.#use();
    const flashes = this.#values.flashes(key);
    if (flashes.length > 0) this.#touches++;
    return flashes;
  }

  keepFlashes(...keys: string[]): void {
    this.#useForWriting();
    this.#values.keepFlashes(keys);
  }

  get id(): string {
    this.#use();
    return this.#ensureId();
  }

  get name(): string {
    return this.#backing.name;
  }

  get isNew(): boolean {
    this.#use();
    return this.hasBegunHere;
  }

  /** @internal `isNew`, for the commit: to look is not to use. */
  get hasBegunHere(): boolean {
    return this.#status === 'new' || this.#status === 'destroyed';
  }

  get createdAt(): Date {
    this.#use();
    return new Date(this.#createdAt);
  }

  get expiresAt(): Date {
    this.#use();
    const record = this.#record;
    const isAsLoaded = !this.#cookie.isHandedOut && record?.createdAt === this.#createdAt;
    const own = this.#cookie.departures();
    return new Date(isAsLoaded ? record.expiresAt : this.#backing.expiryOf(this.#createdAt, own));
  }

  get cookie(): SessionCookieOptions {
    this.#use();
    this.#touches++;
    return this.#guarded(this.#cookie.all());
  }

  save(...args: unknown[]): Promise<void> {
    refuseCallback('save', args);
    return unlessAwaited(this.#save());
  }

  async #save(): Promise<void> {
    this.#useForWriting();
    const saving = this.#backing.save(() => this.snapshot(this.#backing.isUnseen));
    this.#saved = saving instanceof Promise ? await saving : saving;
  }

  increment(key: string, by = 1): Promise<number> {
    return unlessAwaited(this.#increment(key, by));
  }

  async #increment(key: string, by: number): Promise<number> {
    this.#useForWriting();
    const count = sumOf(this.#values.get(key), by, key);
    const { store } = this.#backing;
    if (store === undefined || this.#values.isChanged(key)) {
      this.#values.set(key, count);
      return count;
    }
    const restored = this.#restored;
    const now = { id: this.#ensureId(), createdAt: this.#createdAt, texts: NO_TEXTS };
    const text = await store.increment(key, by, { ...now, cookie: this.#cookie.departures() });
    // What is in the place of a session that was ended meanwhile was never counted.
    if (restored === this.#restored) {
      if (text === undefined) this.#values.set(key, count);
      else this.#values.accept(key, text);
    }
    return text === undefined ? count : (JSON.parse(text) as number);
  }

  regenerate(...args: unknown[]): Promise<void> {
    refuseCallback('regenerate', args);
    return unlessAwaited(this.#regenerate());
  }

  async #regenerate(): Promise<void> {
    this.#useForWriting();
    this.#backing.assertRenewable();
    this.#id = this.#backing.newId();
    if (this.#status === 'loaded') this.#status = 'regenerated';
  }

  destroy(...args: unknown[]): Promise<void> {
    refuseCallback('destroy', args);
    return unlessAwaited(this.#destroy());
  }

  async #destroy(): Promise<void> {
    this.#useForWriting();
    this.#status = 'destroyed';
    this.#saved = undefined;
    // What follows must take the place of the cookie that it ends, not stand beside it.
    const { path, domain } = this.#cookie.own ?? {};
    const cookie = path === undefined && domain === undefined ? undefined : { path, domain };
    this.#restore({ id: '', createdAt: Date.now(), cookie, texts: NO_TEXTS });
    await this.#backing.store?.destroy();
  }

  reload(...args: unknown[]): Promise<void> {
    refuseCallback('reload', args);
    return unlessAwaited(this.#reload());
  }

  async #reload(): Promise<void> {
    this.#use();
    this.#touches++;
    const isKept = this.#status === 'loaded' || this.#status === 'regenerated';
    const { store } = this.#backing;
    const kept = await store?.reread();
    if (kept !== undefined) {
      this.#restore(kept);
      if (isKept) this.#status = 'loaded';
    } else if (store === undefined && this.#saved !== undefined) {
      this.#restore(this.#saved);
    } else if (isKept && store === undefined) {
      this.#status = 'loaded';
      this.#restore(this.#record!);
    } else {
      // What a store has no more was ended elsewhere, and nothing brings it back.
      this.#saved = undefined;
      const [id, createdAt, cookie] = [this.#id, this.#createdAt, this.#cookie.own];
      this.#restore({ id, createdAt, cookie, texts: NO_TEXTS });
    }
  }

  /**
   * @internal The session as it is now.
   *
   * @param keepsFlashes whether the flashes that were read come back
   * @throws SessionError where a value cannot be stored
   */
  snapshot(keepsFlashes: boolean): SessionSnapshot {
    this.#refuseProperties();
    const texts = this.#values.textsNow(keepsFlashes);
    return {
      id: texts.size === 0 ? this.#id : this.#ensureId(),
      createdAt: this.#createdAt,
      cookie: this.#cookie.departures(),
      texts,
      flashKeys: this.#values.flashKeys,
    };
  }

  /** @internal Whether a snapshot holds what the client already has. */
  isAsLoaded(snapshot: SessionSnapshot): boolean {
    const record = this.#record;
    return record !== undefined && areSame(record, snapshot);
  }

  /** Most new sessions stay empty and are never kept: they need no id. */
  #ensureId(): string {
    return (this.#id ||= this.#backing.newId());
  }

  #use(): void {
    if (this.#status === 'unopened') this.openNow();
    this.#isUsed = true;
  }

  #useForWriting(): void {
    this.#use();
    this.#touches++;
    this.#backing.assertWritable();
  }

  /** A live object, or one that refuses to be written to where that would be lost in silence. */
  #guarded<T extends object>(live: T): T {
    if (!this.#backing.isReadOnly) return live;
    const refuse = (): never => this.#backing.refuseChange();
    return new Proxy(live, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
  }

  /** `ss.user = user` is how one writes to other sessions. Here it would be lost in silence. */
  #refuseProperties(): void {
    const stray = Object.keys(this).find((key) => !OWN_KEYS.has(key));
    if (stray === undefined) return;
    throw new SessionError(
      'SESSION_UNSERIALIZABLE',
      `'${stray}' was written to the session itself, where it is not stored. Write to its values: ss.values.${stray}.`,
    );
  }

  /** Makes this session what a record or a snapshot says. */
  #restore(from: SessionState): void {
    this.#restored++;
    this.#id = from.id;
    this.#createdAt = from.createdAt;
    this.#cookie = new SessionCookie(this.#backing.cookie, from.cookie);
    this.#values.reset(from.texts);
  }
}

/** What a template was shown; everything else of a session is private. */
const OWN_KEYS = new Set(['values']);

/**
 * A promise that ends no process where nobody awaits it: what fails then meets the commit too.
 */
function unlessAwaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Who waits for a callback that nobody calls waits for ever. */
function refuseCallback(method: string, args: unknown[]): void {
  if (!args.some((arg) => typeof arg === 'function')) return;
  throw new SessionError(
    'SESSION_CONFIG',
    `session.${method}() takes no callback: await session.${method}(). For Passport, and whatever else calls back as express-session does, put app.use(app.get(SessionService).asExpressSession()) before it.`,
  );
}
