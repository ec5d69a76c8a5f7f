import { copyOf, Keyring, type Opened, sealedLength } from '../seal/keyring.js';
import { randomBytes } from '../seal/random.js';
import { hashOf } from '../seal/secret.js';
import { type OpenedToken, SessionBackend } from './session-backend.js';
import { checkLimit, largestOf } from './sizes.js';
import { SessionError } from '../session.errors.js';
import type { SessionRejectReason, SessionStoreOperation } from '../session.events.js';
import { MAX_MAX_AGE } from '../options/duration.js';
import type { ResolvedOptions } from '../options/session.options.js';
import type { ResolvedStoreOptions } from '../options/store.options.js';
import { formatRecord, parseRecord, type SessionRecord } from '../session/session-record.js';
import type { Texts } from '../session/session-values.js';
import type { Adoption } from './adoption.js';
import { EndedInStore } from './ended-sessions.js';
import { Recent, Recurring } from './recent.js';
import { StoreCalls } from './store-calls.js';
import type { StoredRecord } from './stored-record.js';
import { WriteQueue } from './write-queue.js';
import type { StoredSession } from '../stores/session-store.js';
import { currentTime } from '../session.clock.js';

/** 256 bits: who has a dump of the store must not be able to guess one. */
const ID_BYTES = 32;
const VERSION_BYTES = 12;
/** Of how many sessions the token and the key are remembered: together a few hundred kilobytes. */
const REMEMBERED = 1000;
/** Of each a text too, as long as it is not longer than this: together at the most 8 MB. */
const MAX_REMEMBERED_LENGTH = 4096;
/** Who plants cookies of former sessions beside the right one must not make requests expensive. */
const MAX_IDS = 4;

/** A record, and the text that holds it. */
interface WrittenRecord {
  readonly text: string;
  readonly record: SessionRecord;
  /** Whether an older key sealed it. */
  readonly isOutdated: boolean;
}

/** Carries the sessions of one name in a store; their cookie carries the sealed id alone. */
export class StoreBackend extends SessionBackend {
  readonly takesWaiting = true;
  readonly endsFormerIds = true;
  readonly adoption: Adoption | undefined;
  readonly queue = new WriteQueue();
  private readonly opened = new Recent<OpenedToken>(REMEMBERED);
  private readonly tokens = new Recent<string>(REMEMBERED);
  private readonly keys = new Recent<string>(REMEMBERED);
  private readonly written = new Recurring<WrittenRecord>(REMEMBERED);
  private readonly movedIds = new Recent<string>(REMEMBERED);
  private readonly hashKey: string;
  private readonly recordKeyring: Keyring;
  private readonly calls: StoreCalls;
  private readonly storage: ResolvedStoreOptions;

  /** @throws SessionError `SESSION_CONFIG` where the options contradict each other */
  constructor(options: ResolvedOptions, storage: ResolvedStoreOptions) {
    super(options, 'session id', ID_BYTES);
    const { name, maxCookieBytes, secrets } = options;
    checkLimit('maxCookieBytes', maxCookieBytes, name.length + sealedLength(43), name);
    this.storage = storage;
    this.hashKey = `nestjs-typed-session/1/store/${name}`;
    this.recordKeyring = new Keyring(secrets, `session record\0${name}`);
    this.calls = new StoreCalls(storage.timeout);
    const call: StoreBackend['call'] = (...args) => this.call(...args);
    this.adoption = this.adoptionWith(new EndedInStore(call, this.hashKey));
    if (!storage.store.atomic) this.warnings.races();
  }

  override get onStoreError(): 'fail' | 'anonymous' {
    return this.storage.onError;
  }

  override rotate(secrets: readonly (string | Buffer)[]): void {
    super.rotate(secrets);
    this.recordKeyring.rotate(secrets);
    for (const remembered of [this.opened, this.tokens, this.written]) remembered.clear();
  }

  /** How long one call may take: milliseconds. */
  get timeout(): number {
    return this.storage.timeout;
  }

  /** The ids that this server has sealed, as a request brought them. */
  idsIn(header: string | undefined): { readonly id: string; readonly isOutdated: boolean }[] {
    const ids: { id: string; isOutdated: boolean }[] = [];
    this.firstOf(header, (token) => {
      const opened = this.openToken(token);
      if (typeof opened === 'string') return opened;
      const id = opened.text;
      if (!ids.some((one) => one.id === id)) ids.push({ id, isOutdated: opened.outdated });
      return ids.length === MAX_IDS ? ids : undefined;
    });
    return ids;
  }

  /**
   * @returns the value of the cookie of a new session
   * @throws SessionError `SESSION_STORE`, `SESSION_TOO_LARGE`
   */
  async begin(texts: Texts): Promise<string> {
    return this.keep(this.newRecord(texts));
  }

  /** @throws SessionError `SESSION_STORE`, `SESSION_TOO_LARGE` */
  override async keep(record: SessionRecord): Promise<string> {
    await this.write(record);
    return this.sealId(record.id);
  }

  /**
   * @returns why not, where a token leads to no session
   * @throws SessionError `SESSION_STORE`
   */
  async openKnown(token: string): Promise<SessionRecord | SessionRejectReason> {
    const opened = this.openToken(token);
    if (typeof opened === 'string') return opened;
    const stored = await this.read(opened.text);
    return typeof stored === 'string' ? this.reject(stored, opened.text) : stored.record;
  }

  /** The client is sent the token that it has, as long as the newest key sealed it. */
  sealId(id: string): string {
    return this.tokens.get(id) ?? this.tokens.set(id, this.keyring.seal(id));
  }

  /** The same few tokens come again and again, and opening one costs more than all else about it. */
  protected override openToken(token: string): OpenedToken | SessionRejectReason {
    const known = this.opened.get(token);
    if (known !== undefined) return known;
    const opened = super.openToken(token);
    if (typeof opened === 'string') return opened;
    const copy = copyOf(token);
    if (!opened.outdated) this.tokens.set(opened.text, copy);
    return this.opened.set(copy, opened);
  }

  /**
   * @param assertLeft throws where no other call may begin
   * @returns why not, where there is none that can be accepted
   * @throws SessionError `SESSION_STORE`
   */
  async read(id: string, assertLeft = () => {}): Promise<StoredRecord | SessionRejectReason> {
    const key = this.keyOf(id);
    const stored = await this.call('read', id, (store) => store.read(key));
    if (stored === undefined) return 'unknown-id';
    // A store is another's program.
    if (typeof stored.text !== 'string') return 'malformed';
    const written = this.recall(key, stored.text) ?? this.openEntry(id, key, stored.text);
    if (typeof written === 'string') return written;
    const record = this.touched(written.record, stored.expiresAt);
    const { version } = stored;
    const { isOutdated } = written;
    const rejection = this.rejectionOf(record);
    if (rejection !== undefined) return rejection;
    const owner = record.signIn?.owner;
    if (owner === undefined || this.owned === undefined) return { record, version, isOutdated };
    assertLeft();
    const registered = await this.owned.find(id, owner);
    return registered === undefined ? 'revoked' : { record, version, isOutdated, registered };
  }

  private openEntry(id: string, key: string, text: string): WrittenRecord | SessionRejectReason {
    const opened = this.openText(text);
    if ('rejected' in opened) return opened.rejected;
    const parsed = parseRecord(opened.text);
    // A record that lies under another's key was put there by somebody else.
    if (parsed?.id !== key) return 'malformed';
    const record = { ...parsed, id };
    return this.remember(key, { text, record, isOutdated: opened.outdated });
  }

  /** What a text holds that this process has written or opened lately: most are read more than once. */
  private recall(key: string, text: string): WrittenRecord | undefined {
    const known = this.written.get(key);
    return known?.text === text ? known : undefined;
  }

  private remember(key: string, written: WrittenRecord): WrittenRecord {
    if (written.text.length <= MAX_REMEMBERED_LENGTH) this.written.see(key, () => written);
    return written;
  }

  /** A touch renews the entry and not its text: when, can be told from how long it now lives. */
  private touched(record: SessionRecord, expiresAt: number): SessionRecord {
    // A store that lost the time gives what is no number: the record has its own.
    if (!(expiresAt > record.expiresAt)) return record;
    const now = currentTime();
    const sentAt = expiresAt - this.idleTimeoutOf(record.cookie);
    // The idle timeout may have been longer then, but not for ever.
    const isPossible = expiresAt - now <= MAX_MAX_AGE * 1000;
    return { ...record, expiresAt, sentAt: isPossible ? Math.min(sentAt, now) : sentAt };
  }

  /**
   * @param replaces the version that must be stored now; `undefined`: only if there is none
   * @returns `undefined` where another version is stored
   * @throws SessionError `SESSION_STORE`, and `SESSION_TOO_LARGE` beyond `maxStoreBytes`
   */
  async write(record: SessionRecord, replaces?: string): Promise<StoredRecord | undefined> {
    const key = this.keyOf(record.id);
    // A plain text must not tell the id either.
    const text = formatRecord({ ...record, id: key });
    this.checkSize(record, text);
    const version = randomBytes(VERSION_BYTES).toString('base64url');
    const stored: StoredSession = {
      text: this.storage.encryptAtRest ? this.recordKeyring.seal(text) : text,
      version,
      expiresAt: record.expiresAt,
    };
    const isWritten = await this.call('write', record.id, (store) =>
      store.write(key, stored, replaces),
    );
    if (!isWritten) return undefined;
    this.remember(key, { text: stored.text, record, isOutdated: false });
    return { record, version, isOutdated: false };
  }

  /**
   * @returns whether it is there
   * @throws SessionError `SESSION_STORE`
   */
  touch(id: string, expiresAt: number): Promise<boolean> {
    const key = this.keyOf(id);
    return this.call('touch', id, (store) => store.touch(key, expiresAt));
  }

  /**
   * @param version that must be stored now; `undefined`: any
   * @returns whether it was there
   * @throws SessionError `SESSION_STORE`
   */
  remove(id: string, version?: string): Promise<boolean> {
    const key = this.keyOf(id);
    return this.call('remove', id, (store) => store.remove(key, version));
  }

  /** Notes that a session has left this id for another. */
  moved(id: string): void {
    this.movedIds.set(id, id);
  }

  /** Whether this process has lately given the session of this id another one. */
  hasMoved(id: string): boolean {
    return this.movedIds.get(id) !== undefined;
  }

  /** Whether the response can carry the cookie: a secure one does not go over a plain connection. */
  canSend(cookie: SessionRecord['cookie'], isTls: boolean): boolean {
    return this.attributesFor(this.cookieOf(cookie), isTls) !== undefined;
  }

  /** @throws SessionError `SESSION_TOO_LARGE` beyond `maxStoreBytes` */
  checkSize(record: SessionRecord, text = formatRecord(record)): void {
    const { maxBytes } = this.storage;
    const bytes = Buffer.byteLength(text);
    if (bytes <= maxBytes) return;
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `Session '${this.options.name}' needs ${bytes} bytes in its store; ${maxBytes} fit (maxStoreBytes). Its largest values: ${largestOf(record)}. Store less of them, or a key to where they are kept. The store keeps the session that it had.`,
    );
  }

  /**
   * Under which key a session lies: not under its id, so that a dump of the store opens none. The
   * hash is keyed by the name and not by a secret, since a session must be found when secrets rotate;
   * nobody guesses 256 random bits.
   */
  private keyOf(id: string): string {
    return this.keys.get(id) ?? this.keys.set(id, hashOf(this.hashKey, id));
  }

  /** A plain text is taken only where this application writes such: nobody else can seal. */
  private openText(text: string): Opened {
    const opened = this.recordKeyring.open(text);
    if (!('rejected' in opened) || this.storage.encryptAtRest) return opened;
    return { text, outdated: false };
  }

  private async call<T>(
    operation: SessionStoreOperation,
    id: string,
    call: (store: ResolvedStoreOptions['store']) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.calls.run(() => call(this.storage.store));
    } catch (error) {
      this.publish('failed', id, { operation, error });
      // The client may see the message, and no more of it than that.
      throw new SessionError(
        'SESSION_STORE',
        `Session '${this.options.name}' is not available: the server that keeps it failed, or did not answer in time.`,
        { cause: error },
      );
    }
  }
}
