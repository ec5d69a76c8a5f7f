import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionError } from '../session.errors.js';
import {
  isNoJson,
  SerialSessionStore,
  type SerialSessionStoreOptions,
  storedSessionIn,
} from './serial-session.store.js';
import { type StoredSession, UNREADABLE } from './session-store.js';
import { currentTime } from '../session.clock.js';

export type { SerialSessionStoreOptions } from './serial-session.store.js';

/** What is used of a Keyv, of version 4, 5 or 6. */
export interface KeyvLike {
  /** Reads an entry. */
  get(key: string): Promise<unknown>;
  /**
   * Writes an entry.
   *
   * @param ttl milliseconds
   */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Removes an entry. */
  delete(key: string): Promise<unknown>;
  /** Reports what failed. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  /** The adapter, from version 5 on. */
  readonly store?: unknown;
  /** Keyv 5: whether a call rejects when its adapter does. */
  throwOnErrors?: boolean;
}

/** The errors that were reported while a call was under way. */
interface CallErrors {
  /** In the asynchronous context of this call. */
  readonly own: unknown[];
  /** In that of no call, as when a connection breaks. */
  readonly ofUnknownOrigin: unknown[];
}

/**
 * Keeps sessions wherever Keyv has an adapter: PostgreSQL, MySQL, SQLite, MongoDB, etcd and others.
 *
 * A Keyv hides what fails. This store sets its `throwOnErrors`, and listens to its `error` events and
 * to those of its adapter. An error belongs to the call in whose asynchronous context it was reported.
 * One of no call makes those reject that found nothing: a session that could not be read must not look
 * like one that is gone. Give it a Keyv of its own.
 *
 * @example
 * ```ts
 * new KeyvSessionStore(new Keyv(new KeyvPostgres(url), { namespace: 'session' }))
 * ```
 */
export class KeyvSessionStore extends SerialSessionStore {
  private readonly underWay = new Set<CallErrors>();
  private readonly context = new AsyncLocalStorage<CallErrors>();

  /** @throws SessionError `SESSION_CONFIG` where this is no Keyv */
  constructor(
    private readonly keyv: KeyvLike,
    options?: SerialSessionStoreOptions,
  ) {
    super(options);
    if (!isKeyv(keyv)) {
      throw new SessionError('SESSION_CONFIG', 'KeyvSessionStore was not given a Keyv');
    }
    // Without it Keyv 5 answers `undefined` when its adapter rejects, and reports nothing.
    if ('throwOnErrors' in keyv) keyv.throwOnErrors = true;
    this.listen(keyv);
    // What the application told its Keyv not to emit, the adapter still does.
    if (canReport(keyv.store)) this.listen(keyv.store);
  }

  protected async load(key: string): Promise<StoredSession | undefined> {
    try {
      return storedSessionIn(await this.call(() => this.keyv.get(key), true));
    } catch (error) {
      if (isNoJson(error)) return UNREADABLE;
      throw error;
    }
  }

  protected async save(key: string, { text, version, expiresAt }: StoredSession): Promise<void> {
    // Adapters want whole milliseconds, and take 0 for an endless life.
    const ttl = Math.max(1, Math.ceil(expiresAt - currentTime()));
    const isSet = await this.call(() => this.keyv.set(key, { text, version, expiresAt }, ttl));
    if (isSet === false) throw new SessionError('SESSION_STORE', 'Keyv did not set a session');
  }

  protected async drop(key: string): Promise<void> {
    await this.call(() => this.keyv.delete(key));
  }

  /** It also keeps an `error` event from ending the process, as one that nobody listens to may. */
  private listen(emitter: Pick<KeyvLike, 'on'>): void {
    emitter.on('error', (error) => {
      const call = this.context.getStore();
      // A connection reports in the context of the call that opened it, which may be over.
      if (call !== undefined && this.underWay.has(call)) call.own.push(error);
      else for (const other of this.underWay) other.ofUnknownOrigin.push(error);
    });
  }

  /** @param isRead whether a result proves that the call succeeded, whatever was reported */
  private async call<T>(act: () => Promise<T>, isRead = false): Promise<T> {
    const errors: CallErrors = { own: [], ofUnknownOrigin: [] };
    this.underWay.add(errors);
    try {
      const result = await this.context.run(errors, act);
      const isThere = result !== undefined && result !== null && (result as unknown) !== false;
      if (isThere && (isRead || errors.own.length === 0)) return result;
      const [cause] = [...errors.own, ...errors.ofUnknownOrigin];
      if (cause === undefined) return result;
      throw new SessionError('SESSION_STORE', 'Keyv reported an error during the call', { cause });
    } finally {
      this.underWay.delete(errors);
    }
  }
}

function isKeyv(value: unknown): boolean {
  const { get, set, delete: remove } = (value ?? {}) as Partial<KeyvLike>;
  return [get, set, remove].every((method) => typeof method === 'function') && canReport(value);
}

function canReport(value: unknown): value is Pick<KeyvLike, 'on'> {
  return typeof (value as Partial<KeyvLike> | undefined)?.on === 'function';
}
