import type { SessionCookieOptions } from '../options/session.options.js';
import { SessionError } from '../session.errors.js';
import { unlessAwaited } from './awaited.js';
import type { LiveSession } from './live-session.js';
import { checkKey } from './session-key.js';
import { DEFAULT_FLASH_KEY } from './session-values.js';

/** What a template was shown; everything else of a session is private. */
const OWN_KEYS = new Set(['values']);

/** What a handler holds: the interface `Session`, in its order. */
export class RequestSession {
  // All that it holds is private, so that neither a log nor a response shows it by accident.
  readonly #live: LiveSession;
  #shown: Record<string, unknown> | undefined;

  constructor(live: LiveSession) {
    this.#live = live;
  }

  get values(): Record<string, unknown> {
    const live = this.#used();
    live.touches++;
    return this.#shownOf(live.values.all());
  }

  get(key: string): unknown {
    checkKey('get', key);
    const live = this.#used();
    const value = live.values.get(key);
    if (typeof value === 'object') live.touches++;
    return value;
  }

  set(key: string, value: unknown): void {
    checkKey('set', key);
    this.#written().values.set(key, value);
  }

  has(key: string): boolean {
    checkKey('has', key);
    return this.#used().values.has(key);
  }

  delete(key: string): boolean {
    checkKey('delete', key);
    const { values } = this.#written();
    const had = values.has(key);
    values.delete(key);
    return had;
  }

  increment(key: string, by = 1): Promise<number> {
    return unlessAwaited(this.#increment(key, by));
  }

  async #increment(key: string, by: number): Promise<number> {
    checkKey('increment', key);
    return this.#live.increment(key, by);
  }

  clear(): void {
    this.#written().values.clear();
  }

  addFlash(value: unknown, key: string = DEFAULT_FLASH_KEY): void {
    checkKey('addFlash', key);
    this.#written().values.addFlash(value, key);
  }

  flashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    const flashes = this.peekFlashes(key);
    if (flashes.length > 0) this.#written().values.consume(key);
    return flashes;
  }

  peekFlashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    checkKey('flashes', key);
    const live = this.#used();
    const flashes = live.values.flashes(key);
    if (flashes.length > 0) live.touches++;
    return flashes;
  }

  keepFlashes(...keys: string[]): void {
    for (const key of keys) checkKey('keepFlashes', key);
    this.#written().values.keepFlashes(keys);
  }

  get id(): string {
    return this.#used().ensureId();
  }

  get name(): string {
    return this.#live.backing.name;
  }

  get isNew(): boolean {
    return this.#used().hasBegunHere;
  }

  get createdAt(): Date {
    return new Date(this.#used().createdAt);
  }

  get expiresAt(): Date {
    return new Date(this.#used().expiresAt);
  }

  get cookie(): SessionCookieOptions {
    const live = this.#used();
    live.touches++;
    return this.#guarded(live.cookie.all());
  }

  save(...args: unknown[]): Promise<void> {
    refuseCallback('save', args);
    return unlessAwaited(this.#live.save());
  }

  regenerate(...args: unknown[]): Promise<void> {
    refuseCallback('regenerate', args);
    return unlessAwaited(this.#live.regenerate());
  }

  destroy(...args: unknown[]): Promise<void> {
    refuseCallback('destroy', args);
    return unlessAwaited(this.#live.destroy());
  }

  reload(...args: unknown[]): Promise<void> {
    refuseCallback('reload', args);
    return unlessAwaited(this.#live.reload());
  }

  #used(): LiveSession {
    this.#live.use();
    return this.#live;
  }

  #written(): LiveSession {
    this.#live.useForWriting();
    return this.#live;
  }

  /** The live values, for one who may keep them until they can no longer be written. */
  #shownOf(live: Record<string, unknown>): Record<string, unknown> {
    const { backing } = this.#live;
    const refuse = (): void => {
      if (backing.isReadOnly) backing.refuseChange();
      this.#live.touches++;
      backing.noteWrite();
    };
    return (this.#shown ??= new Proxy(live, {
      set: (target, key, value) => (refuse(), Reflect.set(target, key, value)),
      defineProperty: (...args) => (refuse(), Reflect.defineProperty(...args)),
      deleteProperty: (...args) => (refuse(), Reflect.deleteProperty(...args)),
    }));
  }

  /** A live object, or one that refuses to be written to where that would be lost in silence. */
  #guarded<T extends object>(live: T): T {
    const { backing } = this.#live;
    if (!backing.isReadOnly) return live;
    const refuse = (): never => backing.refuseChange();
    return new Proxy(live, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
  }
}

/**
 * `ss.user = user` is how one writes to other sessions. Here it would be lost in silence.
 *
 * @throws SessionError `SESSION_UNSERIALIZABLE`
 */
export function refuseProperties(session: RequestSession): void {
  const stray = Object.keys(session).find((key) => !OWN_KEYS.has(key));
  if (stray === undefined) return;
  throw new SessionError(
    'SESSION_UNSERIALIZABLE',
    `'${stray}' was written to the session itself, where it is not stored. Write to its values: ss.values.${stray}.`,
  );
}

/** Who waits for a callback that nobody calls waits for ever. */
function refuseCallback(method: string, args: unknown[]): void {
  if (!args.some((arg) => typeof arg === 'function')) return;
  throw new SessionError(
    'SESSION_CONFIG',
    `session.${method}() takes no callback: await session.${method}(). For Passport, and whatever else calls back as express-session does, put app.use(app.get(SessionService).asExpressSession()) before it.`,
  );
}
