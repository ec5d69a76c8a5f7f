import type { ResolvedRegistryOptions } from '../options/registry.options.js';
import type { Answer, RegisteredSession, SessionRegistry } from '../registry/session-registry.js';
import { hashOf } from '../seal/secret.js';
import { SessionError } from '../session.errors.js';
import type { SessionEvent, SessionEventKind, SessionStoreOperation } from '../session.events.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionOwner } from '../session/sign-in.js';
import { Recent } from './recent.js';
import { StoreCalls } from './store-calls.js';
import { currentTime } from '../session.clock.js';

/** Of how many sessions the hashes and the answers are remembered: together about a megabyte. */
const REMEMBERED = 2000;

/** An answer of the registry, and when it was asked. */
interface Remembered {
  readonly session: RegisteredSession;
  readonly askedAt: number;
}

/** Where the registry has a session: under the hash of its owner, by its `ref`. */
export interface RegistryPlace {
  readonly owner: string;
  readonly ref: string;
}

/** Goes on with an answer: at once where it is there. */
export function afterwards<T, R>(answer: Answer<T>, goOn: (value: T) => R): Answer<R> {
  return answer instanceof Promise ? answer.then((value) => goOn(value)) : goOn(answer);
}

export function areSamePlace(one: RegistryPlace, other: RegistryPlace): boolean {
  return one.owner === other.owner && one.ref === other.ref;
}

/** The backend whose sessions these are, as far as the registry needs it. */
interface Owning {
  readonly options: { readonly name: string };
  /** Whether nothing opens a former id, as in a store. */
  readonly endsFormerIds: boolean;
  hash(id: string): string;
  idleTimeoutOf(cookie: SessionRecord['cookie']): number;
  publish(kind: SessionEventKind, id: string | undefined, more?: Partial<SessionEvent>): void;
}

/** What the registry knows of the sessions of one name, asked within a time. */
export class OwnedSessions {
  private readonly calls: StoreCalls;
  private readonly owners = new Recent<string>(REMEMBERED);
  private readonly keys = new Recent<string>(REMEMBERED);
  private readonly answers = new Recent<Remembered>(REMEMBERED);
  private readonly hashKey: string;

  constructor(
    private readonly backend: Owning,
    private readonly options: ResolvedRegistryOptions,
  ) {
    this.calls = new StoreCalls(options.timeout);
    this.hashKey = `nestjs-typed-session/1/owner/${backend.options.name}`;
  }

  get timeout(): number {
    return this.options.timeout;
  }

  get onError(): 'fail' | 'anonymous' {
    return this.options.onError;
  }

  /** How the registry has a session as it is now. */
  entryOf(record: SessionRecord, owner: SessionOwner): RegisteredSession {
    const { id, createdAt, sentAt, expiresAt } = record;
    const { ref, label } = owner;
    return {
      ref,
      key: this.keyOf(id, ref),
      idHash: this.backend.hash(id),
      createdAt,
      lastUsedAt: sentAt,
      expiresAt,
      // Uses within a tenth of the idle time are not told.
      keepUntil: expiresAt + this.touchInterval(record),
      ...(label === undefined ? {} : { label }),
    };
  }

  placeOf({ id, ref }: SessionOwner): RegistryPlace {
    return { owner: this.hashOf(id), ref };
  }

  /** How long a use need not be told: a tenth of the idle time, in milliseconds. */
  touchInterval(record: Pick<SessionRecord, 'cookie'>): number {
    return Math.ceil(this.backend.idleTimeoutOf(record.cookie) / 10);
  }

  /**
   * A session as the registry has it.
   *
   * @returns `undefined` where it does not know the session under this id
   * @throws SessionError `SESSION_STORE`, at once or later
   */
  find(id: string, owner: SessionOwner): Answer<RegisteredSession | undefined> {
    return this.findAt(this.placeOf(owner), this.keyOf(id, owner.ref), id);
  }

  /**
   * As `find`.
   *
   * @param key that the session must have
   * @param id for the event of a failure
   */
  findAt(
    { owner, ref }: RegistryPlace,
    key: string,
    id: string,
  ): Answer<RegisteredSession | undefined> {
    const known = this.recall(ref, key);
    if (known !== undefined) return known;
    const askedAt = currentTime();
    const accept = (session: RegisteredSession | undefined) => {
      const isKnown = session?.key === key && session.keepUntil > currentTime();
      if (isKnown && this.options.cache > 0) this.answers.set(ref, { session, askedAt });
      return isKnown ? session : undefined;
    };
    const found = this.call('read', id, (registry) => registry.find(owner, ref));
    return afterwards(found, accept);
  }

  private recall(ref: string, key: string): RegisteredSession | undefined {
    if (this.options.cache === 0) return undefined;
    const known = this.answers.get(ref);
    if (known?.session.key !== key || known.session.keepUntil <= currentTime()) return undefined;
    const age = currentTime() - known.askedAt;
    return age >= 0 && age < this.options.cache ? known.session : undefined;
  }

  /** @throws SessionError `SESSION_STORE` */
  async add(id: string, owner: string, session: RegisteredSession): Promise<void> {
    await this.call('write', id, (registry) => registry.add(this.hashOf(owner), session));
  }

  /**
   * @returns whether the registry still knew the session under the key that it had
   * @throws SessionError `SESSION_STORE`, at once or later
   */
  replace(id: string, owner: string, session: RegisteredSession, key: string): Answer<boolean> {
    this.answers.delete(session.ref);
    return this.call(session.key === key ? 'touch' : 'write', id, (registry) =>
      registry.replace(this.hashOf(owner), session, key),
    );
  }

  /** @throws SessionError `SESSION_STORE` */
  async list(owner: string): Promise<RegisteredSession[]> {
    const listed = await this.call('read', undefined, (registry) =>
      registry.list(this.hashOf(owner)),
    );
    return listed.filter(({ keepUntil }) => keepUntil > currentTime());
  }

  /**
   * Ends a session of an owner.
   *
   * @returns what the registry had of it
   * @throws SessionError `SESSION_STORE`
   */
  async remove(owner: string, ref: string): Promise<RegisteredSession | undefined> {
    this.answers.delete(ref);
    return this.call('remove', undefined, (registry) => registry.remove(this.hashOf(owner), ref));
  }

  /** Ends all sessions of an owner but one. @throws SessionError `SESSION_STORE` */
  async removeAll(owner: string, except: string | undefined): Promise<RegisteredSession[]> {
    const removed = await this.call('remove', undefined, (registry) =>
      registry.removeAll(this.hashOf(owner), except),
    );
    for (const { ref } of removed) this.answers.delete(ref);
    return removed;
  }

  /**
   * Stands for an id in the registry. A store ends a former id itself, so that its sessions need not be
   * told of a new one.
   */
  keyOf(id: string, ref: string): string {
    if (this.backend.endsFormerIds) return ref;
    return this.keys.get(id) ?? this.keys.set(id, hashOf(this.hashKey, id));
  }

  /** A registry is told of no owner by name. */
  private hashOf(owner: string): string {
    return this.owners.get(owner) ?? this.owners.set(owner, hashOf(this.hashKey, owner));
  }

  private call<T>(
    operation: SessionStoreOperation,
    id: string | undefined,
    ask: (registry: SessionRegistry) => Answer<T>,
  ): Answer<T> {
    const refuse = (error: unknown): never => {
      this.backend.publish('failed', id, { operation, error });
      throw new SessionError(
        'SESSION_STORE',
        `Session '${this.backend.options.name}' is not available: the registry of signed-in sessions failed, or did not answer in time.`,
        { cause: error },
      );
    };
    let answer: Answer<T>;
    try {
      answer = this.calls.runNow(() => ask(this.options.registry));
    } catch (error) {
      return refuse(error);
    }
    return answer instanceof Promise ? answer.catch(refuse) : answer;
  }
}
