import { copyOf, sealedLength } from '../seal/keyring.js';
import { randomBytes } from '../seal/random.js';
import { hashOf } from '../seal/secret.js';
import { type OpenedToken, SessionBackend } from './session-backend.js';
import { checkLimit, largestOf } from './sizes.js';
import { SessionError } from '../session.errors.js';
import type { SessionRejectReason, SessionStoreOperation } from '../session.events.js';
import { MAX_MAX_AGE } from '../options/duration.js';
import type { ResolvedOptions } from '../options/session.options.js';
import type { ResolvedStoreOptions } from '../options/store.options.js';
import { formatRecord, type SessionRecord } from '../session/session-record.js';
import type { Texts } from '../session/session-values.js';
import type { RegisteredSession } from '../registry/session-registry.js';
import type { Adoption } from './adoption.js';
import { EndedInStore } from './ended-sessions.js';
import { areSamePlace, type RegistryPlace } from './owned-sessions.js';
import { Recent } from './recent.js';
import { StoreCalls } from './store-calls.js';
import { type BroughtSession, formatStoreCookie, parseStoreCookie } from './store-cookie.js';
import type { StoredRecord } from './stored-record.js';
import { StoredTexts } from './stored-texts.js';
import { WriteQueue } from './write-queue.js';
import type { StoredSession } from '../stores/session-store.js';
import { currentTime } from '../session.clock.js';

/** 256 bits: who has a dump of the store must not be able to guess one. */
const ID_BYTES = 32;
/** Characters of an id, and of what stands behind it where a registry is asked: `.owner.ref`. */
const ID_LENGTH = 43;
const PLACE_LENGTH = 67;
const VERSION_BYTES = 12;
/** Of how many sessions the token and the key are remembered: together a few hundred kilobytes. */
const REMEMBERED = 1000;
/** Who plants cookies of former sessions beside the right one must not make requests expensive. */
const MAX_IDS = 4;

/** Carries the sessions of one name in a store; their cookie tells where each is kept. */
export class StoreBackend extends SessionBackend {
  readonly takesWaiting = true;
  readonly endsFormerIds = true;
  readonly adoption: Adoption | undefined;
  readonly queue = new WriteQueue();
  private readonly opened = new Recent<OpenedToken>(REMEMBERED);
  private readonly tokens = new Recent<string>(REMEMBERED);
  private readonly keys = new Recent<string>(REMEMBERED);
  private readonly movedIds = new Recent<string>(REMEMBERED);
  private readonly hashKey: string;
  private readonly texts: StoredTexts;
  private readonly calls: StoreCalls;
  private readonly storage: ResolvedStoreOptions;

  /** @throws SessionError `SESSION_CONFIG` where the options contradict each other */
  constructor(options: ResolvedOptions, storage: ResolvedStoreOptions) {
    super(options, 'session id', ID_BYTES);
    const { name, maxCookieBytes } = options;
    const length = sealedLength(this.owned === undefined ? ID_LENGTH : ID_LENGTH + PLACE_LENGTH);
    checkLimit('maxCookieBytes', maxCookieBytes, name.length + length, name);
    this.storage = storage;
    this.hashKey = `nestjs-typed-session/1/store/${name}`;
    this.texts = new StoredTexts(options, storage.encryptAtRest);
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
    this.texts.rotate(secrets);
    this.opened.clear();
    this.tokens.clear();
  }

  /** How long one call may take: milliseconds. */
  get timeout(): number {
    return this.storage.timeout;
  }

  /** The sessions that this server has sealed into the cookies of a request. */
  sessionsIn(header: string | undefined): BroughtSession[] {
    const brought: BroughtSession[] = [];
    this.firstOf(header, (token) => {
      const opened = this.openToken(token);
      if (typeof opened === 'string') return opened;
      const cookie = parseStoreCookie(opened.text);
      if (!brought.some(({ id }) => id === cookie.id)) {
        brought.push({ ...cookie, isOutdated: opened.outdated });
      }
      return brought.length === MAX_IDS ? brought : undefined;
    });
    return brought;
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
    return this.sealCookie(record);
  }

  /**
   * @returns why not, where a token leads to no session
   * @throws SessionError `SESSION_STORE`
   */
  async openKnown(token: string): Promise<SessionRecord | SessionRejectReason> {
    const opened = this.openToken(token);
    if (typeof opened === 'string') return opened;
    const { id, place } = parseStoreCookie(opened.text);
    const stored = await this.read(id, place);
    return typeof stored === 'string' ? this.reject(stored, id) : stored.record;
  }

  /** The client is sent the token that it has, as long as the newest key sealed it. */
  sealCookie(record: SessionRecord): string {
    const { id } = record;
    const known = this.tokens.get(id);
    if (known !== undefined) return known;
    const text = formatStoreCookie({ id, place: this.placeOf(record) });
    return this.tokens.set(id, this.keyring.seal(text));
  }

  /** Where the registry has a session, if it has an owner. */
  placeOf({ signIn }: Pick<SessionRecord, 'signIn'>): RegistryPlace | undefined {
    return signIn?.owner && this.owned?.placeOf(signIn.owner);
  }

  /** The same few tokens come again and again, and opening one costs more than all else about it. */
  protected override openToken(token: string): OpenedToken | SessionRejectReason {
    const known = this.opened.get(token);
    if (known !== undefined) return known;
    const opened = super.openToken(token);
    if (typeof opened === 'string') return opened;
    const copy = copyOf(token);
    if (!opened.outdated) this.tokens.set(parseStoreCookie(opened.text).id, copy);
    return this.opened.set(copy, opened);
  }

  /**
   * @param place where the registry has the session, if that is known before it is read
   * @param assertLeft throws where no other call may begin
   * @returns why not, where there is none that can be accepted
   * @throws SessionError `SESSION_STORE`
   */
  async read(
    id: string,
    place?: RegistryPlace,
    assertLeft = () => {},
  ): Promise<StoredRecord | SessionRejectReason> {
    const key = this.keyOf(id);
    const reading = this.call('read', id, (store) => store.read(key));
    // In the same round trip, where one client keeps both.
    const asking = place && this.ask(id, place);
    const stored = await reading;
    if (stored === undefined) return 'unknown-id';
    // A store is another's program.
    if (typeof stored.text !== 'string') return 'malformed';
    const written = this.texts.open(key, id, stored.text);
    if (typeof written === 'string') return written;
    const record = this.touched(written.record, stored.expiresAt);
    const { version } = stored;
    const { isOutdated } = written;
    const rejection = this.rejectionOf(record);
    if (rejection !== undefined) return rejection;
    const owner = record.signIn?.owner;
    if (owner === undefined || this.owned === undefined) return { record, version, isOutdated };
    const isAsked = asking !== undefined && areSamePlace(place!, this.owned.placeOf(owner));
    if (!isAsked) assertLeft();
    const registered = await (isAsked ? asking : this.owned.find(id, owner));
    return registered === undefined ? 'revoked' : { record, version, isOutdated, registered };
  }

  /** Asks the registry for a session. Nobody need await the answer. */
  private ask(id: string, place: RegistryPlace): Promise<RegisteredSession | undefined> {
    const asking = (async () => this.owned?.findAt(place, this.owned.keyOf(id, place.ref), id))();
    asking.catch(() => {});
    return asking;
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
      text: this.texts.seal(text),
      version,
      expiresAt: record.expiresAt,
    };
    const isWritten = await this.call('write', record.id, (store) =>
      store.write(key, stored, replaces),
    );
    if (!isWritten) return undefined;
    this.texts.remember(key, { text: stored.text, record, isOutdated: false });
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
