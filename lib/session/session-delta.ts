import { SessionError } from '../session.errors.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import type { SessionRecord } from './session-record.js';
import type { SessionSnapshot, SessionState } from './session-state.js';
import { pathOf, type Texts } from './session-values.js';
import { areSameSignIn, type SignIn } from './sign-in.js';
import { revive } from '../values/serializer.js';
import { DEFAULT_RULES } from '../values/value-rules.js';

/** Whether something is a number is all that is asked. */
const UNREPORTED = { rules: DEFAULT_RULES };

/** What one request did to a list of flashes: elements, each as its text. */
interface ListDelta {
  readonly taken: readonly string[];
  readonly added: readonly string[];
  /** The list as this request sees it, for where another request made something else of it. */
  readonly whole: string | undefined;
}

/**
 * What one request did to a session, so that it can be done again to what another request made of
 * it meanwhile. Values are replaced whole; of a list of flashes, what was taken and what was added.
 */
interface SessionDelta {
  /** The text of each key that was set; `undefined` where it was deleted. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  readonly lists: ReadonlyMap<string, ListDelta>;
  /** The session's own cookie options, where they were changed. */
  readonly cookie?: { readonly own: SessionCookieOptions | undefined };
  /** Who is signed in, where that was changed. */
  readonly signIn?: { readonly now: SignIn | undefined };
}

/** What a request did between two moments of its session. */
function deltaOf(before: SessionState, now: SessionSnapshot): SessionDelta {
  const texts = new Map<string, string | undefined>();
  const lists = new Map<string, ListDelta>();
  for (const key of new Set([...before.texts.keys(), ...now.texts.keys()])) {
    const [old, text] = [before.texts.get(key), now.texts.get(key)];
    if (old === text) continue;
    const list = now.flashKeys.has(key) ? listDeltaOf(old, text) : undefined;
    if (list === undefined) texts.set(key, text);
    else lists.set(key, list);
  }
  const isSameCookie = JSON.stringify(before.cookie) === JSON.stringify(now.cookie);
  return {
    texts,
    lists,
    ...(isSameCookie ? {} : { cookie: { own: now.cookie } }),
    ...(areSameSignIn(before.signIn, now.signIn) ? {} : { signIn: { now: now.signIn } }),
  };
}

/** Does to a session what a request did to it, as the request saw it. */
function applyDelta(delta: SessionDelta, record: SessionRecord): SessionRecord {
  const texts = new Map(record.texts);
  for (const [key, text] of delta.texts) put(texts, key, text);
  for (const [key, list] of delta.lists) put(texts, key, applyToList(list, texts.get(key)));
  const cookie = delta.cookie === undefined ? record.cookie : delta.cookie.own;
  const signIn = delta.signIn === undefined ? record.signIn : delta.signIn.now;
  return { ...record, cookie, signIn, texts };
}

/** Does to a session what was done between two moments; most of the time nobody else has changed it. */
export function changed(
  record: SessionRecord,
  before: SessionState,
  now: SessionSnapshot,
): SessionRecord {
  const isUnchanged =
    record.texts === before.texts &&
    record.cookie === before.cookie &&
    record.signIn === before.signIn;
  return isUnchanged
    ? { ...record, cookie: now.cookie, signIn: now.signIn, texts: now.texts }
    : applyDelta(deltaOf(before, now), record);
}

/** @throws SessionError `SESSION_UNSERIALIZABLE` where the key holds something that is no number */
export function incremented(texts: Texts, key: string, by: number): Texts {
  const text = texts.get(key);
  const count = text === undefined ? undefined : revive(text, key, UNREPORTED);
  return new Map(texts).set(key, JSON.stringify(sumOf(count, by, key)));
}

/**
 * @param count `undefined` where there is none
 * @throws SessionError `SESSION_UNSERIALIZABLE` where one of them, or the sum, is no finite number
 */
export function sumOf(count: unknown, by: number, key: string): number {
  const sum = count === undefined ? by : typeof count === 'number' ? count + by : NaN;
  if (Number.isFinite(sum)) return sum;
  throw new SessionError(
    'SESSION_UNSERIALIZABLE',
    `${pathOf(key)} cannot be incremented: it must hold a finite number, or nothing, and be incremented by a finite number.`,
  );
}

function put(texts: Map<string, string>, key: string, text: string | undefined): void {
  if (text === undefined) texts.delete(key);
  else texts.set(key, text);
}

/**
 * A request adds to the end of a list, once it has taken all of it or nothing.
 *
 * @returns `undefined` where either is no list
 */
function listDeltaOf(before: string | undefined, now: string | undefined): ListDelta | undefined {
  const [old, elements] = [elementsOf(before), elementsOf(now)];
  if (old === undefined || elements === undefined) return undefined;
  const isKept = old.every((element, i) => element === elements[i]);
  const [taken, added] = isKept ? [[], elements.slice(old.length)] : [old, elements];
  return { taken, added, whole: now };
}

/** @returns the text of the list; `undefined` where nothing is left in it */
function applyToList(delta: ListDelta, text: string | undefined): string | undefined {
  const there = elementsOf(text);
  if (there === undefined) return delta.whole;
  for (const element of delta.taken) {
    const at = there.indexOf(element);
    // Another request may have shown it too; it is gone then.
    if (at !== -1) there.splice(at, 1);
  }
  const elements = [...there, ...delta.added];
  return elements.length === 0 ? undefined : `[${elements.join(',')}]`;
}

/** @returns `undefined` where the text is that of no list; where there is none the list is empty */
function elementsOf(text: string | undefined): string[] | undefined {
  const value = text === undefined ? [] : parsed(text);
  return Array.isArray(value) ? value.map((element) => JSON.stringify(element)) : undefined;
}

/** @returns `undefined` where the text is damaged, as one that is not sealed can be */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
