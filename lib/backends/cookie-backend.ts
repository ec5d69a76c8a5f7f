import { copyOf, sealedLength, tagOf } from '../seal/keyring.js';
import { SessionBackend } from './session-backend.js';
import { checkLimit, largestOf } from './sizes.js';
import { EndedHere } from './ended-sessions.js';
import { SessionError } from '../session.errors.js';
import type { SessionRejectReason } from '../session.events.js';
import type { ResolvedOptions } from '../options/session.options.js';
import { formatRecord, parseRecord, type SessionRecord } from '../session/session-record.js';
import { Recent, Recurring } from './recent.js';
import { NO_TEXTS, type Texts } from '../session/session-values.js';

/** 144 bits, which end on a whole character. */
const ID_BYTES = 18;
/** Of how many sessions the token and what it holds are remembered: 4 MB, if all are as large as can be. */
const REMEMBERED = 500;

const NONE: ReadonlySet<string> = new Set();

export interface LoadedRecord {
  readonly record: SessionRecord;
  /** Whether an older key sealed it, so that it should be sealed again. */
  readonly isOutdated: boolean;
  /** Names the cookie that it came in. */
  readonly tag: string;
  /** Whether the request brought another that opens. */
  readonly isOneOfSeveral?: boolean;
}

/** Carries the sessions of one name in their cookie: record to sealed cookie and back. */
export class CookieBackend extends SessionBackend {
  readonly adoption = this.adoptionWith(new EndedHere());
  /** By their tags, which are short; what a token opened to is never changed. */
  private readonly opened = new Recurring<{
    readonly token: string;
    readonly loaded: LoadedRecord;
  }>(REMEMBERED);

  /** The tags of the cookies that were answered with a change, while somebody listens. */
  private readonly replaced = new Recent<string>(REMEMBERED);

  /** @throws SessionError `SESSION_CONFIG` where the options contradict each other */
  constructor(options: ResolvedOptions) {
    super(options, 'session', ID_BYTES);
    const least = this.bytesOf(formatRecord(this.newRecord(NO_TEXTS)));
    checkLimit('maxCookieBytes', options.maxCookieBytes, least, options.name);
  }

  readonly endsFormerIds = false;

  get takesWaiting(): boolean {
    return this.adoption !== undefined || this.owned !== undefined;
  }

  override rotate(secrets: readonly (string | Buffer)[]): void {
    super.rotate(secrets);
    // What was opened with a key that is gone is not accepted any more.
    this.opened.clear();
  }

  /**
   * Of the cookies of this name that open and have not expired, the newest. Never throws.
   *
   * @param revoked the ids of those that the registry does not know
   */
  load(header: string | undefined, revoked: ReadonlySet<string> = NONE): LoadedRecord | undefined {
    let newest: LoadedRecord | undefined;
    let newestToken = '';
    let areSeveral = false;
    this.firstOf(header, (token) => {
      if (token === newestToken) return undefined;
      const loaded = this.recall(token) ?? this.remember(token, this.unseal(token));
      const accepted = typeof loaded === 'object' ? this.accepted(loaded) : loaded;
      if (typeof accepted === 'string') return accepted;
      if (revoked.has(accepted.record.id)) return undefined;
      areSeveral = newest !== undefined;
      if (newest === undefined || accepted.record.sentAt > newest.record.sentAt) {
        newest = accepted;
        newestToken = token;
      }
      return undefined;
    });
    if (!areSeveral) return newest;
    this.warnings.severalCookies();
    return { ...newest!, isOneOfSeveral: true };
  }

  /** @returns why not, where a token does not open */
  open(token: string): SessionRecord | SessionRejectReason {
    const loaded = this.unseal(token);
    if (typeof loaded === 'string') return loaded;
    const accepted = this.accepted(loaded);
    return typeof accepted === 'string' ? accepted : accepted.record;
  }

  /**
   * As `open`, of those that the registry knows.
   *
   * @throws SessionError `SESSION_STORE`
   */
  async openKnown(token: string): Promise<SessionRecord | SessionRejectReason> {
    const record = this.open(token);
    if (typeof record === 'string' || this.owned === undefined) return record;
    const owner = record.signIn?.owner;
    if (owner === undefined || (await this.owned.find(record.id, owner)) !== undefined)
      return record;
    return this.reject('revoked', record.id);
  }

  private unseal(token: string): LoadedRecord | SessionRejectReason {
    const opened = this.openToken(token);
    if (typeof opened === 'string') return opened;
    const record = parseRecord(opened.text);
    if (record === undefined) return this.reject('malformed');
    return { record, isOutdated: opened.outdated, tag: copyOf(tagOf(token)) };
  }

  /**
   * A browser sends the same cookie until the session changes, and to open it costs more than all else
   * that is done to read a value. Whoever cannot show the whole token gets as far as one comparison.
   */
  private recall(token: string): LoadedRecord | undefined {
    const known = this.opened.get(tagOf(token));
    return known?.token === token ? known.loaded : undefined;
  }

  private remember<T extends LoadedRecord | SessionRejectReason>(token: string, loaded: T): T {
    if (typeof loaded === 'string') return loaded;
    this.opened.see(loaded.tag, () => ({ token: copyOf(token), loaded }));
    return loaded;
  }

  private accepted(loaded: LoadedRecord): LoadedRecord | SessionRejectReason {
    const rejection = this.rejectionOf(loaded.record);
    return rejection === undefined ? loaded : this.reject(rejection, loaded.record.id);
  }

  /**
   * @returns the value of the cookie of a new session
   * @throws SessionError `SESSION_TOO_LARGE`
   */
  begin(texts: Texts): string {
    return this.keep(this.newRecord(texts));
  }

  /** @throws SessionError `SESSION_TOO_LARGE` */
  override keep(record: SessionRecord): string {
    return this.seal(record);
  }

  /** @throws SessionError `SESSION_TOO_LARGE` where the cookie would not fit */
  seal(record: SessionRecord): string {
    const text = formatRecord(record);
    this.checkSize(record, text);
    return this.keyring.seal(text);
  }

  /**
   * Checks that a record can be kept.
   *
   * @throws SessionError what `seal` and `setCookie` would throw
   */
  check(record: SessionRecord): void {
    this.checkSize(record, formatRecord(record));
    this.checkCookie(record.cookie);
  }

  /**
   * Told that the response answers a cookie. Tells where it takes the place of a change that another
   * response to the same cookie has brought.
   *
   * @param id of the session that is sent; `undefined` where the cookie is deleted
   */
  noteAnswer({ tag }: LoadedRecord, id: string | undefined, isChanged: boolean): void {
    const isReplaced = this.replaced.get(tag) !== undefined;
    if (isReplaced && id !== undefined) this.publish('conflict', id);
    if (isChanged) this.replaced.set(tag, tag);
  }

  /** Whether a record fits into its cookie. */
  fits(record: SessionRecord): boolean {
    return this.bytesOf(formatRecord(record)) <= this.options.maxCookieBytes;
  }

  private bytesOf(text: string): number {
    return this.options.name.length + sealedLength(Buffer.byteLength(text));
  }

  private checkSize(record: SessionRecord, text: string): void {
    const { name, maxCookieBytes } = this.options;
    const bytes = this.bytesOf(text);
    if (bytes <= maxCookieBytes) return;
    throw new SessionError(
      'SESSION_TOO_LARGE',
      `Session '${name}' needs ${bytes} bytes as a cookie, sealed; ${maxCookieBytes} fit (maxCookieBytes). Its largest values: ${largestOf(record)}. Store less of them, or keep the session in a store (the option store). The client keeps the session that it had.`,
    );
  }
}
