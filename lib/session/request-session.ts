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
    const live = RequestSession.#used(this);
    live.touches++;
    return (this.#shown ??= shownOf(live, live.values.all()));
  }

  get(key: string): unknown {
    checkKey('get', key);
    const live = RequestSession.#used(this);
    const value = live.values.get(key);
    if (typeof value === 'object') live.touches++;
    return value;
  }

  set(key: string, value: unknown): void {
    checkKey('set', key);
    RequestSession.#written(this).values.set(key, value);
  }

  has(key: string): boolean {
    checkKey('has', key);
    return RequestSession.#used(this).values.has(key);
  }

  delete(key: string): boolean {
    checkKey('delete', key);
    const { values } = RequestSession.#written(this);
    const had = values.has(key);
    values.delete(key);
    return had;
  }

  increment(key: string, by = 1): Promise<number> {
    return RequestSession.#told(this, async (live) => {
      checkKey('increment', key);
      return live.increment(key, by);
    });
  }

  clear(): void {
    RequestSession.#written(this).values.clear();
  }

  addFlash(value: unknown, key: string = DEFAULT_FLASH_KEY): void {
    checkKey('addFlash', key);
    RequestSession.#written(this).values.addFlash(value, key);
  }

  flashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    RequestSession.#used(this);
    const flashes = this.peekFlashes(key);
    if (flashes.length > 0) RequestSession.#written(this).values.consume(key);
    return flashes;
  }

  peekFlashes(key: string = DEFAULT_FLASH_KEY): unknown[] {
    checkKey('flashes', key);
    const live = RequestSession.#used(this);
    const flashes = live.values.flashes(key);
    if (flashes.length > 0) live.touches++;
    return flashes;
  }

  keepFlashes(...keys: string[]): void {
    for (const key of keys) checkKey('keepFlashes', key);
    RequestSession.#written(this).values.keepFlashes(keys);
  }

  get id(): string {
    return RequestSession.#used(this).ensureId();
  }

  get name(): string {
    return RequestSession.#of(this).backing.name;
  }

  get isNew(): boolean {
    return RequestSession.#used(this).hasBegunHere;
  }

  get createdAt(): Date {
    return new Date(RequestSession.#used(this).createdAt);
  }

  get expiresAt(): Date {
    return new Date(RequestSession.#used(this).expiresAt);
  }

  get cookie(): SessionCookieOptions {
    const live = RequestSession.#used(this);
    live.touches++;
    return guarded(live, live.cookie.all());
  }

  save(...args: unknown[]): Promise<void> {
    refuseCallback('save', args);
    return RequestSession.#told(this, (live) => live.save());
  }

  regenerate(...args: unknown[]): Promise<void> {
    refuseCallback('regenerate', args);
    return RequestSession.#told(this, (live) => live.regenerate(args[0]));
  }

  get owner(): string | undefined {
    return RequestSession.#used(this).signIn?.owner?.id;
  }

  get authenticatedAt(): Date | undefined {
    const { signIn } = RequestSession.#used(this);
    return signIn === undefined ? undefined : new Date(signIn.authenticatedAt);
  }

  reauthenticate(): Promise<void> {
    return RequestSession.#told(this, (live) => live.reauthenticate());
  }

  destroy(...args: unknown[]): Promise<void> {
    refuseCallback('destroy', args);
    return RequestSession.#told(this, (live) => live.destroy());
  }

  reload(...args: unknown[]): Promise<void> {
    refuseCallback('reload', args);
    return RequestSession.#told(this, (live) => live.reload());
  }

  /** What stands behind a session; `undefined` where this is none. */
  static liveOf(session: unknown): LiveSession | undefined {
    if (typeof session !== 'object' || session === null) return undefined;
    return #live in session ? session.#live : undefined;
  }

  /** @throws SessionError where a method was taken off its session */
  static #of(session: RequestSession | undefined): LiveSession {
    if (session !== undefined && #live in session) return session.#live;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      'A method of a session was called without its session, as after const { get } = ss. Write ss.get(key), or bind it: const get = ss.get.bind(ss).',
    );
  }

  static #told<T>(session: RequestSession, act: (live: LiveSession) => Promise<T>): Promise<T> {
    const live = RequestSession.#of(session);
    return unlessAwaited(act(live), (error) => live.backing.reportUnawaited(error));
  }

  static #used(session: RequestSession): LiveSession {
    const live = RequestSession.#of(session);
    live.use();
    return live;
  }

  static #written(session: RequestSession): LiveSession {
    const live = RequestSession.#of(session);
    live.useForWriting();
    return live;
  }
}

/** The live values, for one who may keep them until they can no longer be written. */
function shownOf(live: LiveSession, values: Record<string, unknown>): Record<string, unknown> {
  const { backing } = live;
  const note = (): void => {
    if (backing.isReadOnly) backing.refuseChange();
    live.touches++;
    backing.noteWrite();
  };
  return new Proxy(values, {
    set: (target, key, value) => (note(), Reflect.set(target, key, value)),
    defineProperty: (...args) => (note(), Reflect.defineProperty(...args)),
    deleteProperty: (...args) => (note(), Reflect.deleteProperty(...args)),
  });
}

/** A live object, or one that refuses to be written to where that would be lost in silence. */
function guarded<T extends object>({ backing }: LiveSession, live: T): T {
  if (!backing.isReadOnly) return live;
  const refuse = (): never => backing.refuseChange();
  return new Proxy(live, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
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
