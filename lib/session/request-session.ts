import { SessionError } from '../session.errors.js';
import {
  type ResolvedCookie,
  resolveCookie,
  type SessionCookieOptions,
} from '../options/session.options.js';
import { sumOf } from './session-delta.js';
import type { SessionBacking } from './session-backing.js';
import { checkKey } from './session-key.js';
import type { SessionRecord } from './session-record.js';
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
  #shown: Record<string, unknown> | undefined;
  #id = '';
  #createdAt = 0;
  /** What the application was handed, and may have written to. */
  #cookie: SessionCookieOptions | undefined;
  #ownCookie: SessionCookieOptions | undefined;
  /** How often it became what a record or a snapshot says. */
  #restored = 0;

  constructor(backing: SessionBacking) {
    this.#backing = backing;
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

  /** @internal Takes the session from the request, once; at once where that takes no waiting. */
  open(): this | Promise<this> {
    if (this.#status !== 'unopened') return this;
    if (this.#opening !== undefined) return this.#opening;
    const loaded = this.#backing.load();
    if (!(loaded instanceof Promise)) return this.#begin(loaded);
    return (this.#opening = loaded.then((record) => this.#begin(record)));
  }

  /**
   * @internal
   * @throws SessionError `SESSION_UNAVAILABLE` where it would take waiting
   */
  openNow(): this {
    if (this.#status !== 'unopened') return this;
    if (this.#backing.server === undefined) {
      return this.#begin(this.#backing.load() as SessionRecord | undefined);
    }
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `Session '${this.name}' is kept on a server, and nobody has opened it yet in this request. Any of these opens it: @Session() of nestjs-typed-session in a handler, await sessions.get(context) of SessionService in a guard, a pipe or an interceptor, await sessions.get(request, response) in middleware. After that it is request.session too.`,
    );
  }

  /** @internal Opens what would take waiting later. */
  openForView(): Promise<this> | undefined {
    const opening = this.#backing.server === undefined ? this : this.open();
    return opening instanceof Promise ? opening : undefined;
  }

  /** @internal Shows nothing, in place of a session that could not be opened. */
  openEmpty(): this {
    this.#backing.server?.goWithout();
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
    return this.#shownOf(this.#values.all());
  }

  get(key: string): unknown {
    checkKey('get', key);
    this.#use();
    return this.#values.get(key);
  }

  set(key: string, value: unknown): void {
    checkKey('set', key);
    this.#useForWriting();
    this.#values.set(key, value);
  }

  has(key: string): boolean {
    checkKey('has', key);
    this.#use();
    return this.#values.has(key);
  }

  delete(key: string): boolean {
    checkKey('delete', key);
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
    checkKey('addFlash', key);
    this.#useForWriting();
    this.#values.addFlash(value, key);
  }

  flashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    const flashes = this.peekFlashes(key);
    if (flashes.length > 0) {
      this.#backing.assertWritable();
      this.#values.consume(key);
    }
    return flashes;
  }

  peekFlashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    checkKey('flashes', key);
    this.#use();
    return this.#values.flashes(key);
  }

  keepFlashes(...keys: string[]): void {
    keys.forEach((key) => checkKey('keepFlashes', key));
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
    const isAsLoaded = this.#cookie === undefined && record?.createdAt === this.#createdAt;
    return new Date(
      isAsLoaded ? record.expiresAt : this.#backing.expiryOf(this.#createdAt, this.#departures()),
    );
  }

  get cookie(): SessionCookieOptions {
    this.#use();
    this.#cookie ??= { ...this.#backing.cookie, ...this.#ownCookie };
    return this.#guarded(this.#cookie);
  }

  save(): Promise<void> {
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
    checkKey('increment', key);
    this.#useForWriting();
    const count = sumOf(this.#values.get(key), by, key);
    const { server } = this.#backing;
    if (server === undefined || this.#values.isChanged(key)) {
      this.#values.set(key, count);
      return count;
    }
    const restored = this.#restored;
    const now = { id: this.#ensureId(), createdAt: this.#createdAt, texts: NO_TEXTS };
    const text = await server.increment(key, by, { ...now, cookie: this.#departures() });
    // What is in the place of a session that was ended meanwhile was never counted.
    if (restored === this.#restored) {
      if (text === undefined) this.#values.set(key, count);
      else this.#values.accept(key, text);
    }
    return text === undefined ? count : (JSON.parse(text) as number);
  }

  async regenerate(): Promise<void> {
    this.#useForWriting();
    this.#backing.assertRenewable();
    this.#id = this.#backing.newId();
    if (this.#status === 'loaded') this.#status = 'regenerated';
  }

  destroy(): Promise<void> {
    return unlessAwaited(this.#destroy());
  }

  async #destroy(): Promise<void> {
    this.#useForWriting();
    this.#status = 'destroyed';
    this.#saved = undefined;
    // What follows must take the place of the cookie that it ends, not stand beside it.
    const { path, domain } = this.#ownCookie ?? {};
    const cookie = path === undefined && domain === undefined ? undefined : { path, domain };
    this.#restore({ id: '', createdAt: Date.now(), cookie, texts: NO_TEXTS });
    await this.#backing.server?.destroy();
  }

  async reload(): Promise<void> {
    this.#use();
    const isKept = this.#status === 'loaded' || this.#status === 'regenerated';
    const { server } = this.#backing;
    const kept = await server?.reread();
    if (kept !== undefined) {
      this.#restore(kept);
      if (isKept) this.#status = 'loaded';
    } else if (this.#saved !== undefined) {
      this.#restore(this.#saved);
    } else if (isKept && server === undefined) {
      this.#status = 'loaded';
      this.#restore(this.#record!);
    } else {
      const [id, createdAt, cookie] = [this.#id, this.#createdAt, this.#ownCookie];
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
      cookie: this.#departures(),
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
    this.#backing.assertWritable();
  }

  /** The live values, for one who may keep them until they can no longer be written. */
  #shownOf(live: Record<string, unknown>): Record<string, unknown> {
    const refuse = (): void => {
      if (this.#backing.isReadOnly) this.#backing.refuseChange();
    };
    return (this.#shown ??= new Proxy(live, {
      set: (target, key, value) => (refuse(), Reflect.set(target, key, value)),
      defineProperty: (...args) => (refuse(), Reflect.defineProperty(...args)),
      deleteProperty: (...args) => (refuse(), Reflect.deleteProperty(...args)),
    }));
  }

  /** A live object, or one that refuses to be written to where that would be lost in silence. */
  #guarded<T extends object>(live: T): T {
    if (!this.#backing.isReadOnly) return live;
    const refuse = (): never => this.#backing.refuseChange();
    return new Proxy(live, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
  }

  /** Where the cookie options of this session depart from the module's. */
  #departures(): SessionCookieOptions | undefined {
    if (this.#cookie === undefined) return this.#ownCookie;
    const given = Object.entries(this.#cookie).filter(([, value]) => value != null);
    const resolved = resolveCookie({ ...this.#backing.cookie, ...Object.fromEntries(given) });
    const own = Object.entries(resolved).filter(
      ([option, value]) => value !== this.#backing.cookie[option as keyof ResolvedCookie],
    );
    return own.length === 0 ? undefined : (Object.fromEntries(own) as SessionCookieOptions);
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
    this.#ownCookie = from.cookie;
    this.#cookie = undefined;
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
