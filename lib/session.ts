import { SessionError } from './session.errors.js';
import {
  type ResolvedCookie,
  resolveCookie,
  type SessionCookieOptions,
} from './session.options.js';
import type { SessionRecord } from './session.record.js';
import { revive, serialize, UNKNOWN } from './values/serializer.js';

/**
 * The shape of your sessions, extended by declaration merging:
 *
 * ```ts
 * declare module 'nestjs-typed-session' {
 *   interface SessionData { user: User; cart: Cart }
 * }
 * ```
 *
 * While it is empty, every key is allowed and every value is `unknown`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- an application fills it
export interface SessionData {}

/** `T`, or any key with any value where nothing was declared. */
type Shape<T> = [keyof T] extends [never] ? Record<string, unknown> : T;
type Key<T> = keyof Shape<T> & string;
/** What a list of flashes holds. */
type Flash<V> = NonNullable<V> extends readonly (infer F)[] ? F : never;

/** The key under which flashes lie that were given none, as in Leapkit. */
export const DEFAULT_FLASH_KEY = '_flash';

/**
 * A session, as a handler sees it. Nobody saves it: what changed is committed before the
 * response leaves.
 *
 * @typeParam T its shape, where one parameter knows it better than `SessionData`
 */
export interface Session<T extends object = SessionData> {
  /** The live values: what is written here is stored, a change inside a value too. */
  readonly values: Partial<Shape<T>>;
  /** The value of a key; an instance of its class again. `undefined` where there is none. */
  get<K extends Key<T>>(key: K): Shape<T>[K] | undefined;
  /** Stores anything that comes back as it was; see "Typed values" in the README. */
  set<K extends Key<T>>(key: K, value: Shape<T>[K]): void;
  has(key: Key<T>): boolean;
  /** @returns whether there was a value */
  delete(key: Key<T>): boolean;
  /** Removes all values. The session itself, its id and its deadlines stay. */
  clear(): void;

  /**
   * Adds a value that is shown once. Flashes lie among the values, as a list under their key.
   *
   * @throws SessionError `SESSION_UNSERIALIZABLE` where the key holds something else
   */
  addFlash<K extends Key<T>>(value: Flash<Shape<T>[K]>, key: K): void;
  addFlash(value: unknown, key?: string): void;
  /**
   * Reads the flashes of a key and removes them. A HEAD, a 304 and a prefetch remove none,
   * since nobody sees what they answer.
   */
  flashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  flashes<F = unknown>(key?: string): F[];
  /** Reads the flashes of a key and leaves them. */
  peekFlashes<K extends Key<T>>(key: K): Flash<Shape<T>[K]>[];
  peekFlashes<F = unknown>(key?: string): F[];
  /** Keeps for the next request what this one read: of these keys, or of all. */
  keepFlashes(...keys: string[]): void;

  /** 144 random bits in base64url. Never sent to a client but inside the seal. */
  readonly id: string;
  /** The name of its cookie. */
  readonly name: string;
  /** Whether the request brought none that opens. */
  readonly isNew: boolean;
  readonly createdAt: Date;
  /** When the server stops accepting it if nobody uses it any more. */
  readonly expiresAt: Date;
  /**
   * This session's own cookie options, kept with it through later writes. A `maxAge` set here
   * is its idle time too: `ss.cookie.maxAge = '90 days'` is "remember me".
   */
  readonly cookie: SessionCookieOptions;

  /**
   * Keeps what has changed so far, even if the request fails with a 5xx later.
   *
   * @throws SessionError what the commit would throw, and `SESSION_HEADERS_SENT` after the headers
   */
  save(): Promise<void>;
  /** Gives the session a new id and keeps the values: call it whenever rights change (sign-in). */
  regenerate(): Promise<void>;
  /**
   * Ends the session, whatever the request's outcome. What is stored afterwards begins a new one.
   * A copy of the cookie, made before, stays readable until it expires.
   */
  destroy(): Promise<void>;
  /** Throws away what was not saved. */
  reload(): Promise<void>;
}

/**
 * - `unopened`: nobody has asked for anything yet
 * - `new`: the request brought no session that opens
 * - `loaded`: as the request brought it
 * - `regenerated`: the same under a new id
 * - `destroyed`: ended; values that follow are a new session's
 */
export type SessionStatus = 'unopened' | 'new' | 'loaded' | 'regenerated' | 'destroyed';

/** All that a commit needs to know, taken at one moment. */
export interface SessionSnapshot {
  readonly id: string;
  readonly createdAt: number;
  readonly cookie?: SessionCookieOptions;
  readonly texts: ReadonlyMap<string, string>;
}

/** What a session needs of the world: the service gives it. */
export interface SessionHost {
  readonly name: string;
  readonly cookie: Readonly<ResolvedCookie>;
  load(): SessionRecord | undefined;
  newId(): string;
  /** When a session would expire that is used now. */
  expiryOf(createdAt: number, cookie?: SessionCookieOptions): number;
  /** @throws SessionError `SESSION_HEADERS_SENT` once a change could no longer be kept */
  assertWritable(): void;
  /** Checks that a snapshot can be kept. */
  save(snapshot: SessionSnapshot): void;
  /** Whether nobody sees the answer to this request, so that it must not consume flashes. */
  readonly isUnseen: boolean;
}

const NO_TEXTS: ReadonlyMap<string, string> = new Map();

/**
 * The one implementation. Its values are read by key when first asked for, and written by key
 * only if they were handed out: the text of every other key is copied as it lies.
 */
export class RequestSession {
  status: SessionStatus = 'unopened';
  /** Whether anybody looked or wrote, so that the answer depends on the session. */
  isUsed = false;
  /** As the client has it. */
  record: SessionRecord | undefined;
  /** What `save()` kept. */
  saved: SessionSnapshot | undefined;

  #id = '';
  #createdAt = 0;
  #cookie: SessionCookieOptions | undefined;
  #ownCookie: SessionCookieOptions | undefined;
  /** Where values are read from: the loaded texts, or what was saved since. */
  #texts = NO_TEXTS;
  /** Without a prototype: `__proto__`, `constructor` and `toString` are keys like others. */
  readonly #values = Object.create(null) as Record<string, unknown>;
  /** The keys of `#texts` that no longer speak for their value: `#values` does. */
  readonly #read = new Set<string>();
  /** The keys whose text this build cannot read. It stays as it is. */
  readonly #unknown = new Set<string>();
  /** The flashes that this request read, in case they have to come back. */
  readonly #consumed = new Map<string, unknown[]>();
  #keptFlashes: Set<string> | 'all' = new Set();

  constructor(private readonly host: SessionHost) {}

  /** Takes the session from the request, once. */
  open(): this {
    if (this.status === 'unopened') {
      this.record = this.host.load();
      this.status = this.record === undefined ? 'new' : 'loaded';
      this.#id = this.record?.id ?? '';
      this.#createdAt = this.record?.createdAt ?? Date.now();
      this.#ownCookie = this.record?.cookie;
      this.#texts = this.record?.texts ?? NO_TEXTS;
    }
    return this;
  }

  get values(): Record<string, unknown> {
    this.#use();
    for (const key of this.#texts.keys()) this.#valueOf(key);
    return this.#values;
  }

  get(key: string): unknown {
    this.#use();
    return this.#valueOf(key);
  }

  set(key: string, value: unknown): void {
    this.#useForWriting();
    this.#put(key, value);
  }

  has(key: string): boolean {
    this.#use();
    return this.#valueOf(key) !== undefined || Object.hasOwn(this.#values, key);
  }

  delete(key: string): boolean {
    this.#useForWriting();
    const had = this.has(key);
    this.#remove(key);
    return had;
  }

  clear(): void {
    this.#useForWriting();
    for (const key of [...this.#texts.keys(), ...Object.keys(this.#values)]) this.#remove(key);
  }

  addFlash(value: unknown, key: string = DEFAULT_FLASH_KEY): void {
    this.#useForWriting();
    const list = this.#valueOf(key);
    if (list === undefined) {
      this.#put(key, [value]);
    } else if (Array.isArray(list)) {
      list.push(value);
    } else {
      throw new SessionError(
        'SESSION_UNSERIALIZABLE',
        `values${pathOf(key)} holds something that is no list of flashes, so no flash can be added to it. Choose another key for the flash.`,
      );
    }
  }

  flashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    const list = this.peekFlashes(key);
    if (list.length > 0) {
      this.host.assertWritable();
      this.#consumed.set(key, [...(this.#consumed.get(key) ?? []), ...list]);
      this.#remove(key);
    }
    return list;
  }

  peekFlashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    this.#use();
    const list = this.#valueOf(key);
    return Array.isArray(list) ? [...(list as unknown[])] : [];
  }

  keepFlashes(...keys: string[]): void {
    this.#useForWriting();
    if (keys.length === 0) this.#keptFlashes = 'all';
    else if (this.#keptFlashes !== 'all') for (const key of keys) this.#keptFlashes.add(key);
  }

  get id(): string {
    this.#use();
    return this.#ensureId();
  }

  get name(): string {
    return this.host.name;
  }

  get isNew(): boolean {
    this.#use();
    return this.hasBegunHere;
  }

  /** `isNew`, for the commit: to look is not to use. */
  get hasBegunHere(): boolean {
    return this.status === 'new' || this.status === 'destroyed';
  }

  get createdAt(): Date {
    this.#use();
    return new Date(this.#createdAt);
  }

  get expiresAt(): Date {
    this.#use();
    const known = this.#cookie === undefined && this.record?.createdAt === this.#createdAt;
    return new Date(
      known ? this.record!.expiresAt : this.host.expiryOf(this.#createdAt, this.#departures()),
    );
  }

  get cookie(): SessionCookieOptions {
    this.#use();
    return (this.#cookie ??= { ...this.host.cookie, ...this.#ownCookie });
  }

  async save(): Promise<void> {
    this.#useForWriting();
    const snapshot = this.snapshot(this.host.isUnseen);
    this.host.save(snapshot);
    this.saved = snapshot;
  }

  async regenerate(): Promise<void> {
    this.#useForWriting();
    this.#id = this.host.newId();
    if (this.status === 'loaded') this.status = 'regenerated';
  }

  async destroy(): Promise<void> {
    this.#useForWriting();
    this.status = 'destroyed';
    this.saved = undefined;
    this.#restore({ id: '', createdAt: Date.now(), texts: NO_TEXTS });
  }

  async reload(): Promise<void> {
    this.#use();
    if (this.saved !== undefined) {
      this.#restore(this.saved);
    } else if (this.status === 'loaded' || this.status === 'regenerated') {
      this.status = 'loaded';
      this.#restore(this.record!);
    } else {
      this.#restore({ id: this.#id, createdAt: this.#createdAt, texts: NO_TEXTS });
    }
  }

  /**
   * The session as it is now.
   *
   * @param keepsFlashes whether the flashes that were read come back
   * @throws SessionError where a value cannot be stored
   */
  snapshot(keepsFlashes: boolean): SessionSnapshot {
    const texts = this.#textsNow(keepsFlashes);
    return {
      id: texts.size === 0 ? this.#id : this.#ensureId(),
      createdAt: this.#createdAt,
      cookie: this.#departures(),
      texts,
    };
  }

  /** Whether a snapshot holds what the client already has. */
  isAsLoaded(snapshot: SessionSnapshot): boolean {
    const { record } = this;
    return (
      record !== undefined &&
      record.id === snapshot.id &&
      haveSameTexts(record.texts, snapshot.texts) &&
      (record.cookie === snapshot.cookie ||
        JSON.stringify(record.cookie) === JSON.stringify(snapshot.cookie))
    );
  }

  /** Most new sessions stay empty and are never kept: they need no id. */
  #ensureId(): string {
    return (this.#id ||= this.host.newId());
  }

  #use(): void {
    if (this.status === 'unopened') this.open();
    this.isUsed = true;
  }

  #useForWriting(): void {
    this.#use();
    this.host.assertWritable();
  }

  /** Reads the value of a key if its text has not been read yet. */
  #valueOf(key: string): unknown {
    if (!this.#read.has(key)) {
      const text = this.#texts.get(key);
      if (text !== undefined) {
        this.#read.add(key);
        const value = revive(text);
        if (value === UNKNOWN) this.#unknown.add(key);
        else this.#values[key] = value;
      }
    }
    return this.#values[key];
  }

  #put(key: string, value: unknown): void {
    if (this.#texts.has(key)) this.#read.add(key);
    this.#unknown.delete(key);
    this.#values[key] = value;
  }

  #remove(key: string): void {
    if (this.#texts.has(key)) this.#read.add(key);
    this.#unknown.delete(key);
    delete this.#values[key];
  }

  /** Where the cookie options of this session depart from the module's. */
  #departures(): SessionCookieOptions | undefined {
    if (this.#cookie === undefined) return this.#ownCookie;
    const resolved = resolveCookie(this.#cookie);
    const own = Object.entries(resolved).filter(
      ([option, value]) => value !== this.host.cookie[option as keyof ResolvedCookie],
    );
    return own.length === 0 ? undefined : (Object.fromEntries(own) as SessionCookieOptions);
  }

  #textsNow(keepsFlashes: boolean): ReadonlyMap<string, string> {
    const keys = Object.keys(this.#values);
    if (this.#read.size === 0 && keys.length === 0) return this.#texts;
    this.#refuseSymbolKeys();
    const texts = new Map<string, string>();
    for (const [key, text] of this.#texts) {
      if (!this.#read.has(key) || this.#isUnknown(key)) texts.set(key, text);
      else if (Object.hasOwn(this.#values, key))
        texts.set(key, this.#textOf(key, this.#values[key]));
    }
    for (const key of keys) {
      if (!this.#texts.has(key)) texts.set(key, this.#textOf(key, this.#values[key]));
    }
    for (const [key, flashes] of this.#consumed) {
      if (keepsFlashes || this.#keptFlashes === 'all' || this.#keptFlashes.has(key)) {
        // Those that were read come back before those that were added since.
        const added: unknown = this.#values[key] ?? [];
        if (Array.isArray(added)) texts.set(key, this.#textOf(key, flashes.concat(added)));
      }
    }
    return texts;
  }

  #isUnknown(key: string): boolean {
    return this.#unknown.has(key) && !Object.hasOwn(this.#values, key);
  }

  /** They would be dropped in silence: a text has no place for them. */
  #refuseSymbolKeys(): void {
    const [symbol] = Object.getOwnPropertySymbols(this.#values);
    if (symbol === undefined) return;
    throw new SessionError(
      'SESSION_UNSERIALIZABLE',
      `values[${String(symbol)}] has a symbol for a key, which a session cannot store. Use a string.`,
    );
  }

  /**
   * The text of a value that was handed out. The same content keeps the same text, even where
   * the revived value writes itself in another order than the one who stored it.
   */
  #textOf(key: string, value: unknown): string {
    const path = `values${pathOf(key)}`;
    const now = serialize(value, path);
    const before = this.#texts.get(key);
    if (before === undefined || now === before || typeof value !== 'object') return now;
    const untouched = revive(before);
    return untouched !== UNKNOWN && serialize(untouched, path) === now ? before : now;
  }

  /** Makes this session what a record or a snapshot says. */
  #restore(from: SessionSnapshot): void {
    this.#id = from.id;
    this.#createdAt = from.createdAt;
    this.#ownCookie = from.cookie;
    this.#cookie = undefined;
    this.#texts = from.texts;
    this.#read.clear();
    this.#unknown.clear();
    this.#consumed.clear();
    this.#keptFlashes = new Set();
    for (const key of Object.keys(this.#values)) delete this.#values[key];
  }
}

/** Whether two sessions hold the same. */
export function haveSameTexts(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [key, text] of one) if (other.get(key) !== text) return false;
  return true;
}

/** A key as one would write it behind `values`. */
function pathOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
