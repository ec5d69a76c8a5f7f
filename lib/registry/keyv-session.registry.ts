import { randomBytes } from '../seal/random.js';
import { SessionError } from '../session.errors.js';
import { type KeyvLike, KeyvSessionStore } from '../stores/keyv-session.store.js';
import type { StoredSession } from '../stores/session-store.js';
import type { RegisteredSession, SessionRegistry } from './session-registry.js';
import { currentTime } from '../session.clock.js';

/** Longer than any session lives: 400 days, and a tenth more. */
const EPOCH_MILLISECONDS = 500 * 24 * 60 * 60 * 1000;
const MAX_TRIES = 20;

/** What is kept of one session. */
interface Entry {
  readonly session: RegisteredSession;
  /** The epoch of its owner when it was added. */
  readonly epoch: string;
}

/** When all sessions of an owner were ended last. */
interface Epoch {
  readonly id: string;
  /** The one that stayed. */
  readonly except?: string;
}

const FIRST: Epoch = { id: '' };

/**
 * Keeps who is signed in where wherever Keyv has an adapter. Give it a Keyv of its own.
 *
 * Keyv can only get, set and delete. So each session has an entry of its own, which a tombstone keeps
 * removed; and `removeAll` begins a new epoch of the owner, so that no session of an older one is known,
 * whatever other processes write at that moment. `find` costs two or three calls at once. The list of an
 * owner can miss one of two sessions that two processes add at the same moment; it is ended all the same.
 *
 * @example
 * ```ts
 * new KeyvSessionRegistry(new Keyv(new KeyvPostgres(url), { namespace: 'session-owner' }))
 * ```
 */
export class KeyvSessionRegistry implements SessionRegistry {
  private readonly store: KeyvSessionStore;

  /** @throws SessionError `SESSION_CONFIG` where this is no Keyv */
  constructor(keyv: KeyvLike) {
    this.store = new KeyvSessionStore(keyv);
  }

  async add(owner: string, session: RegisteredSession): Promise<void> {
    const { id: epoch } = await this.epochOf(owner);
    await this.changeRefs(owner, (refs) => refs.set(session.ref, session.keepUntil));
    const text = JSON.stringify({ session, epoch } satisfies Entry);
    await this.put(entryKey(owner, session.ref), () => text, session.keepUntil);
  }

  async find(owner: string, ref: string): Promise<RegisteredSession | undefined> {
    return (await this.read(owner, ref))?.entry.session;
  }

  async replace(owner: string, session: RegisteredSession, key: string): Promise<boolean> {
    const found = await this.read(owner, session.ref);
    if (found === undefined) return false;
    const { entry, version } = found;
    if (entry.session.key !== key && entry.session.key !== session.key) return false;
    const stored = storedOf(JSON.stringify({ ...entry, session }), session.keepUntil);
    if (await this.store.write(entryKey(owner, session.ref), stored, version)) {
      await this.changeRefs(owner, (refs) => refs.set(session.ref, session.keepUntil));
      return true;
    }
    // Another request has told of a use, or has ended it: the entry says which.
    return this.replace(owner, session, key);
  }

  async list(owner: string): Promise<RegisteredSession[]> {
    const refs = refsIn(await this.store.read(refsKey(owner)));
    const found = await Promise.all([...refs.keys()].map((ref) => this.find(owner, ref)));
    return found.filter((session) => session !== undefined);
  }

  async remove(owner: string, ref: string): Promise<RegisteredSession | undefined> {
    const found = await this.find(owner, ref);
    const isRemoved = await this.store.remove(entryKey(owner, ref));
    if (isRemoved) await this.changeRefs(owner, (refs) => refs.delete(ref));
    return isRemoved ? found : undefined;
  }

  async removeAll(owner: string, except?: string): Promise<RegisteredSession[]> {
    const ended = (await this.list(owner)).filter(({ ref }) => ref !== except);
    const epoch: Epoch = { id: randomText(), ...(except === undefined ? {} : { except }) };
    await this.put(
      epochKey(owner),
      () => JSON.stringify(epoch),
      currentTime() + EPOCH_MILLISECONDS,
    );
    for (const { ref } of ended) await this.store.remove(entryKey(owner, ref));
    await this.changeRefs(owner, (refs) => ended.forEach(({ ref }) => refs.delete(ref)));
    return ended;
  }

  /** An entry that was added since the last `removeAll`, or stayed then. */
  private async read(
    owner: string,
    ref: string,
  ): Promise<{ readonly entry: Entry; readonly version: string } | undefined> {
    const [stored, epoch] = await Promise.all([
      this.store.read(entryKey(owner, ref)),
      this.epochOf(owner),
    ]);
    const entry = jsonIn(stored) as Entry | undefined;
    if (entry === undefined) return undefined;
    const isKnown = entry.epoch === epoch.id || epoch.except === ref;
    return isKnown ? { entry, version: stored!.version } : undefined;
  }

  private async epochOf(owner: string): Promise<Epoch> {
    return (jsonIn(await this.store.read(epochKey(owner))) as Epoch | undefined) ?? FIRST;
  }

  private changeRefs(owner: string, change: (refs: Map<string, number>) => unknown): Promise<void> {
    const now = currentTime();
    const textOf = (stored: StoredSession | undefined) => {
      const refs = refsIn(stored);
      for (const [ref, keepUntil] of refs) if (keepUntil <= now) refs.delete(ref);
      change(refs);
      return JSON.stringify([...refs]);
    };
    return this.put(refsKey(owner), textOf, now + EPOCH_MILLISECONDS);
  }

  /** Writes an entry, whatever lies there. */
  private async put(
    key: string,
    textOf: (stored: StoredSession | undefined) => string,
    expiresAt: number,
  ): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await this.store.read(key);
      const next = storedOf(textOf(stored), expiresAt);
      if (await this.store.write(key, next, stored?.version)) return;
    }
    throw new SessionError('SESSION_STORE', `${MAX_TRIES} tries met a newer entry`);
  }
}

const entryKey = (owner: string, ref: string) => `session.${owner}.${ref}`;
const epochKey = (owner: string) => `epoch.${owner}`;
const refsKey = (owner: string) => `refs.${owner}`;

function randomText(): string {
  return randomBytes(12).toString('base64url');
}

function storedOf(text: string, expiresAt: number): StoredSession {
  return { text, version: randomText(), expiresAt };
}

/** When each session of an owner may be forgotten, by its `ref`. */
function refsIn(stored: StoredSession | undefined): Map<string, number> {
  return new Map((jsonIn(stored) as [string, number][] | undefined) ?? []);
}

/** @returns `undefined` where there is nothing, or it is damaged */
function jsonIn(stored: StoredSession | undefined): unknown {
  try {
    return stored === undefined ? undefined : JSON.parse(stored.text);
  } catch {
    return undefined;
  }
}
