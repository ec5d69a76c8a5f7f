import type { ResolvedOptions } from '../options/session.options.js';
import { Keyring, type Opened } from '../seal/keyring.js';
import type { SessionRejectReason } from '../session.events.js';
import { parseRecord, type SessionRecord } from '../session/session-record.js';
import { Recurring } from './recent.js';

/** How many texts are remembered. */
const REMEMBERED = 1000;
/** Each of them is not longer than this: together at the most 8 MB. */
const MAX_REMEMBERED_LENGTH = 4096;

/** A record, and the text that holds it. */
export interface WrittenRecord {
  readonly text: string;
  readonly record: SessionRecord;
  /** Whether an older key sealed it. */
  readonly isOutdated: boolean;
}

/** Seals the records of one name for their store, and opens them. */
export class StoredTexts {
  private readonly keyring: Keyring;
  private readonly written = new Recurring<WrittenRecord>(REMEMBERED);

  /** @param isSealed whether a store is given no plain text */
  constructor(
    { secrets, name }: ResolvedOptions,
    private readonly isSealed: boolean,
  ) {
    this.keyring = new Keyring(secrets, `session record\0${name}`);
  }

  rotate(secrets: readonly (string | Buffer)[]): void {
    this.keyring.rotate(secrets);
    this.written.clear();
  }

  seal(text: string): string {
    return this.isSealed ? this.keyring.seal(text) : text;
  }

  /**
   * Opens a text. Most texts are read more than once: what this process has written or opened lately
   * is not opened again.
   *
   * @param key under which it lies
   * @param id of the session that it must hold
   */
  open(key: string, id: string, text: string): WrittenRecord | SessionRejectReason {
    const known = this.written.get(key);
    if (known?.text === text) return known;
    const opened = this.openText(text);
    if ('rejected' in opened) return opened.rejected;
    const parsed = parseRecord(opened.text);
    // A record that lies under another's key was put there by somebody else.
    if (parsed?.id !== key) return 'malformed';
    return this.remember(key, {
      text,
      record: { ...parsed, id },
      isOutdated: opened.outdated,
    });
  }

  remember(key: string, written: WrittenRecord): WrittenRecord {
    if (written.text.length <= MAX_REMEMBERED_LENGTH) this.written.see(key, () => written);
    return written;
  }

  /** A plain text is taken only where this application writes such: nobody else can seal. */
  private openText(text: string): Opened {
    const opened = this.keyring.open(text);
    return 'rejected' in opened && !this.isSealed ? { text, outdated: false } : opened;
  }
}
