import { SessionError } from '../session.errors.js';
import { liveValues } from './live-values.js';
import { isUntouched } from '../values/comparison.js';
import type { ReportFault } from '../values/faults.js';
import { copyOfList } from '../values/unknown-types.js';
import { DROPPED, type Reader, revive, serialize, UNKNOWN } from '../values/serializer.js';
import type { ValueRules } from '../values/value-rules.js';

/** The text of each key's value, as it is stored. */
export type Texts = ReadonlyMap<string, string>;

export const NO_TEXTS: Texts = new Map();
const NO_KEYS: ReadonlySet<string> = new Set();

/** The key under which flashes lie that were given none, as in Leapkit. */
export const DEFAULT_FLASH_KEY = '_flash';

/**
 * The values of a session, read by key when first asked for, and written by key only if they
 * were handed out: the text of every other key is copied as it lies.
 */
export class SessionValues {
  /** `__proto__`, `constructor` and `toString` are keys like others. */
  private readonly live = liveValues();
  /** The keys of `texts` that no longer speak for their value: `live` does. */
  private readonly read = new Set<string>();
  // Most sessions need none of these, and each costs more than to read a small value.
  /** The keys whose text this build cannot read. It stays as it is. */
  private unknown: Set<string> | undefined;
  /** The lists of flashes that were read, in case they have to come back. */
  private consumed: Map<string, unknown[]> | undefined;
  private kept: Set<string> | 'all' | undefined;
  private flashing: Set<string> | undefined;
  /** The keys in which a type refused something, so that their text no longer says what they hold. */
  private mended: Set<string> | undefined;
  /** What was written of a value that this request has set or changed. */
  private written: Map<string, { readonly value: unknown; readonly text: string }> | undefined;
  /** The objects that were read, as they were handed out. */
  private readonly handedOut = new Map<string, object>();
  private readonly reader: Reader;
  private readonly comparing: Reader;

  /** @param report is told of what does not read as it is stored */
  constructor(
    private texts: Texts,
    private readonly rules: ValueRules,
    report: ReportFault,
  ) {
    this.comparing = { rules };
    this.reader = {
      rules,
      report: (fault) => {
        if (fault.outcome !== 'kept') (this.mended ??= new Set()).add(fault.key!);
        report(fault);
      },
    };
  }

  /** All values, as the one object that every other method works on. */
  all(): Record<string, unknown> {
    for (const key of this.texts.keys()) this.get(key);
    return this.live;
  }

  /** @throws SessionError `SESSION_INVALID` where a type in it says `onInvalid: 'throw'` */
  get(key: string): unknown {
    if (!this.read.has(key)) {
      const text = this.texts.get(key);
      if (text !== undefined) this.revive(key, text);
    }
    return Object.hasOwn(this.live, key) ? this.live[key] : undefined;
  }

  private revive(key: string, text: string): void {
    const value = revive(text, key, this.reader);
    // Not before: a value that throws when it is read throws each time, and its text stays.
    this.read.add(key);
    if (value === UNKNOWN) (this.unknown ??= new Set()).add(key);
    else if (value !== DROPPED) {
      this.live[key] = value;
      if (typeof value === 'object' && value !== null) this.handedOut.set(key, value);
    }
  }

  has(key: string): boolean {
    try {
      return this.get(key) !== undefined || Object.hasOwn(this.live, key);
    } catch (error) {
      // There is a value, and whoever reads it is told what is wrong with it.
      if (error instanceof SessionError && error.code === 'SESSION_INVALID') return true;
      throw error;
    }
  }

  set(key: string, value: unknown): void {
    if (this.texts.has(key)) this.read.add(key);
    this.unknown?.delete(key);
    this.flashing?.delete(key);
    this.live[key] = value;
  }

  /** Whether a value is another than the one that is kept. */
  isChanged(key: string): boolean {
    if (Object.hasOwn(this.live, key)) {
      return this.textOf(key, this.live[key]) !== this.texts.get(key);
    }
    return this.read.has(key) && this.unknown?.has(key) !== true;
  }

  /** Takes over what was kept under a key meanwhile, unless it was changed here too. */
  accept(key: string, text: string): void {
    const isChanged = this.isChanged(key);
    this.texts = new Map(this.texts).set(key, text);
    if (isChanged) return;
    delete this.live[key];
    this.read.delete(key);
    // Who holds the live values sees it there.
    this.get(key);
  }

  /** Removes a value for good: flashes that were read under this key do not come back either. */
  delete(key: string): void {
    this.consumed?.delete(key);
    this.remove(key);
  }

  private remove(key: string): void {
    if (this.texts.has(key)) this.read.add(key);
    this.unknown?.delete(key);
    this.flashing?.delete(key);
    delete this.live[key];
  }

  clear(): void {
    this.consumed = undefined;
    for (const key of [...this.texts.keys(), ...Object.keys(this.live)]) this.remove(key);
  }

  /** Forgets every change, and reads other texts from now on. */
  reset(texts: Texts): void {
    this.texts = texts;
    this.read.clear();
    this.handedOut.clear();
    this.written = undefined;
    this.unknown = this.consumed = this.kept = this.flashing = this.mended = undefined;
    for (const key of Object.keys(this.live)) delete this.live[key];
  }

  /** @throws SessionError `SESSION_UNSERIALIZABLE` where the key holds something else */
  addFlash(value: unknown, key: string): void {
    const list = this.get(key);
    if (list === undefined) {
      this.set(key, [value]);
    } else if (Array.isArray(list)) {
      const open = Object.isFrozen(list) || !Object.isExtensible(list) ? copyOfList(list) : list;
      open.push(value);
      if (open !== list) this.set(key, open);
    } else {
      throw new SessionError(
        'SESSION_UNSERIALIZABLE',
        `${pathOf(key)} holds something that is no list of flashes, so no flash can be added to it. Choose another key for the flash.`,
      );
    }
    (this.flashing ??= new Set()).add(key);
  }

  flashes(key: string): unknown[] {
    const list = this.get(key);
    return Array.isArray(list) ? [...(list as unknown[])] : [];
  }

  /**
   * Removes the flashes of a key, and remembers their list: the very list, since it alone knows
   * what in it this build cannot read.
   */
  consume(key: string): void {
    const list = this.get(key) as unknown[];
    const earlier = this.consumed?.get(key);
    if (earlier === undefined) (this.consumed ??= new Map()).set(key, list);
    else earlier.push(...list);
    this.remove(key);
    (this.flashing ??= new Set()).add(key);
  }

  get hasConsumed(): boolean {
    return this.consumed !== undefined && this.consumed.size > 0;
  }

  /** The keys that were last treated as lists of flashes, and not as values. */
  get flashKeys(): ReadonlySet<string> {
    return this.flashing === undefined ? NO_KEYS : new Set(this.flashing);
  }

  /** Lets the flashes that were read come back: of these keys, or all. */
  keepFlashes(keys: readonly string[]): void {
    if (keys.length === 0 || this.kept === 'all') this.kept = 'all';
    else this.kept = new Set([...(this.kept ?? []), ...keys]);
  }

  /**
   * The texts of the values as they are now; the same object where nothing was handed out.
   *
   * @param keepsFlashes whether all flashes that were read come back
   * @throws SessionError where a value cannot be stored
   */
  textsNow(keepsFlashes: boolean): Texts {
    this.refuseSymbolKeys();
    const keys = Object.keys(this.live);
    if (this.read.size === 0 && keys.length === 0) return this.texts;
    if (this.consumed === undefined && this.areAsStored(keys)) return this.texts;
    const texts = new Map<string, string>();
    for (const [key, text] of this.texts) {
      if (!this.read.has(key) || this.isUnknown(key)) texts.set(key, text);
      else if (Object.hasOwn(this.live, key)) texts.set(key, this.textOf(key, this.live[key]));
    }
    for (const key of keys) {
      if (!this.texts.has(key)) texts.set(key, this.textOf(key, this.live[key]));
    }
    for (const [key, flashes] of this.consumed ?? []) {
      if (keepsFlashes || this.kept === 'all' || this.kept?.has(key) === true) {
        const added =
          !Object.hasOwn(this.live, key) || this.live[key] === undefined ? '[]' : texts.get(key)!;
        // Something else may have been stored under the key since. It stays.
        if (added.startsWith('[')) texts.set(key, joinLists(this.textOf(key, flashes), added));
      }
    }
    return texts;
  }

  /** Whether nothing that was read or handed out is another than it was: the usual case by far. */
  private areAsStored(keys: readonly string[]): boolean {
    for (const key of keys) {
      if (this.textOf(key, this.live[key]) !== this.texts.get(key)) return false;
    }
    for (const key of this.read) {
      if (!Object.hasOwn(this.live, key) && !this.isUnknown(key)) return false;
    }
    return true;
  }

  private isUnknown(key: string): boolean {
    return this.unknown?.has(key) === true && !Object.hasOwn(this.live, key);
  }

  /** They would be dropped in silence: a text has no place for them. */
  private refuseSymbolKeys(): void {
    const [symbol] = Object.getOwnPropertySymbols(this.live);
    if (symbol === undefined) return;
    throw new SessionError(
      'SESSION_UNSERIALIZABLE',
      `values[${String(symbol)}] has a symbol for a key, which a session cannot store. Use a string.`,
    );
  }

  /**
   * The text of a value that was handed out. The same content keeps the same text, even where
   * the revived value writes itself in another order than the one who stored it, or in another way
   * each time.
   */
  private textOf(key: string, value: unknown): string {
    const now = serialize(value, pathOf(key), this.rules);
    const stored = this.texts.get(key);
    if (now === stored || typeof value !== 'object') return now;
    if (stored !== undefined && this.mended?.has(key) !== true) {
      if (this.isAsStored(key, stored, now, value)) return stored;
    }
    // What was set in this request may be written more than once in it.
    const last = this.written?.get(key);
    if (last?.value === value && this.isAsStored(key, last.text, now, value)) return last.text;
    (this.written ??= new Map()).set(key, { value, text: now });
    return now;
  }

  private isAsStored(key: string, stored: string, now: string, value: unknown): boolean {
    if (stored === now) return true;
    const isSame = isUntouched(key, stored, now, value, this.comparing);
    // Of a form that tells nothing, the object itself does: it was put in the place of another.
    if (isSame !== 'unless replaced') return isSame;
    return this.handedOut.get(key) === value || this.written?.get(key)?.value === value;
  }
}

/** Flashes that were read come back before those that were added since. */
function joinLists(read: string, added: string): string {
  if (added === '[]') return read;
  return read === '[]' ? added : `${read.slice(0, -1)},${added.slice(1)}`;
}

/** Whether two sessions hold the same. */
export function haveSameTexts(one: Texts, other: Texts): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [key, text] of one) if (other.get(key) !== text) return false;
  return true;
}

/** How one would write a value in code. */
export function pathOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `values.${key}` : `values[${JSON.stringify(key)}]`;
}
