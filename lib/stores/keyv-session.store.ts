import { SessionError } from '../session.errors.js';
import {
  SerialSessionStore,
  type SerialSessionStoreOptions,
  storedSessionIn,
} from './serial-session.store.js';
import type { StoredSession } from './session-store.js';

export type { SerialSessionStoreOptions } from './serial-session.store.js';

/** What is used of a Keyv, of version 4, 5 or 6. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  /** @param ttl milliseconds */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  /** The adapter, from version 5 on. */
  readonly store?: unknown;
  /** Keyv 5: whether a call rejects when its adapter does. */
  throwOnErrors?: boolean;
}

/**
 * Keeps sessions wherever Keyv has an adapter: PostgreSQL, MySQL, SQLite, MongoDB, etcd and others.
 *
 * A Keyv hides what fails. This store sets its `throwOnErrors`, and listens to its `error` events and
 * to those of its adapter: a call during which there was one rejects, lest a session that could not be
 * read be taken for one that is gone. So give it a Keyv of its own.
 *
 * @example
 * ```ts
 * new KeyvSessionStore(new Keyv(new KeyvPostgres(url), { namespace: 'session' }))
 * ```
 */
export class KeyvSessionStore extends SerialSessionStore {
  /** For each call under way, the errors that were reported since it began. */
  private readonly underWay = new Set<unknown[]>();

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
    return storedSessionIn(await this.call(() => this.keyv.get(key)));
  }

  protected async save(key: string, { text, version, expiresAt }: StoredSession): Promise<void> {
    // Adapters want whole milliseconds, and take 0 for an endless life.
    const ttl = Math.max(1, Math.ceil(expiresAt - Date.now()));
    const isSet = await this.call(() => this.keyv.set(key, { text, version, expiresAt }, ttl));
    if (isSet === false) throw new SessionError('SESSION_STORE', 'Keyv did not set a session');
  }

  protected async drop(key: string): Promise<void> {
    await this.call(() => this.keyv.delete(key));
  }

  /** It also keeps an `error` event from ending the process, as one that nobody listens to may. */
  private listen(emitter: Pick<KeyvLike, 'on'>): void {
    emitter.on('error', (error) => {
      for (const errors of this.underWay) errors.push(error);
    });
  }

  private async call<T>(act: () => Promise<T>): Promise<T> {
    const errors: unknown[] = [];
    this.underWay.add(errors);
    try {
      const result = await act();
      if (errors.length === 0) return result;
      throw new SessionError('SESSION_STORE', 'Keyv reported an error during the call', {
        cause: errors[0],
      });
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
