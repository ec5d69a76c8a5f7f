import { Logger } from '@nestjs/common';
import type { AdoptedSession, OldCookie, SessionAdopter } from '../options/session-adopter.js';
import { cookieValues } from '../http/cookie-header.js';
import { isSameCookie } from '../options/adopt.options.js';
import type { ResolvedOptions } from '../options/session.options.js';
import { SessionError } from '../session.errors.js';
import type { SessionEvent, SessionEventKind, SessionStoreOperation } from '../session.events.js';
import type { Texts } from '../session/session-values.js';
import { textsOf } from '../session/texts-of.js';
import type { EndedSessions } from './ended-sessions.js';
import { StoreCalls } from './store-calls.js';
import { currentTime } from '../session.clock.js';

/** How long a call of the old application's store may take where there is no `storeTimeout`. */
const DEFAULT_TIMEOUT = 2000;
/** How long an ended session is remembered where `adoptUntil` says nothing. */
const DEFAULT_MEMORY = 30 * 24 * 60 * 60 * 1000;

/** A session of another library. */
export interface OldSession extends AdoptedSession {
  readonly adopter: SessionAdopter;
  /** Its values as a session of ours stores them. */
  readonly texts: Texts;
}

type Publish = (kind: SessionEventKind, id: undefined, more: Partial<SessionEvent>) => void;

/** Opens and ends the sessions of other libraries that become sessions of one name here. */
export class Adoption {
  private readonly logger = new Logger('Session');
  private readonly calls: StoreCalls;
  private readonly adopters: readonly SessionAdopter[];
  private readonly until: number;
  private readonly warned = new Set<string>();

  constructor(
    private readonly options: ResolvedOptions,
    private readonly ended: EndedSessions,
    private readonly publish: Publish,
  ) {
    const { adopters, until } = options.adoption!;
    this.adopters = adopters;
    this.until = until;
    this.calls = new StoreCalls(options.storage?.timeout ?? DEFAULT_TIMEOUT);
  }

  /** Loads what the adopters need. @throws SessionError `SESSION_CONFIG` where a package is missing */
  async prepare(): Promise<void> {
    await Promise.all(this.adopters.map((adopter) => adopter.prepare()));
  }

  /** Whether a request brings a cookie that may be adopted. */
  isDue(header: string | undefined): boolean {
    if (header === undefined || this.until <= currentTime()) return false;
    return this.adopters.some(({ cookies }) => cookies.some(({ name }) => header.includes(name)));
  }

  /**
   * The session of another library that a request brings.
   *
   * @param assertLeft throws where no other call of a store may begin
   * @returns `'ended'` where it was ended here; `undefined` where there is none
   * @throws SessionError `SESSION_STORE` where the old store fails; and what `map` throws
   */
  async open(
    header: string | undefined,
    assertLeft: () => void = () => {},
  ): Promise<OldSession | 'ended' | undefined> {
    for (const adopter of this.adopters) {
      assertLeft();
      const session = await this.openBy(adopter, header);
      if (session === undefined) continue;
      assertLeft();
      if (!session.isRepeatable && (await this.ended.has(session.fingerprint))) return 'ended';
      return { ...session, adopter, texts: textsOf(session.values, this.options.rules) };
    }
    return undefined;
  }

  private async openBy(
    adopter: SessionAdopter,
    header: string | undefined,
  ): Promise<AdoptedSession | undefined> {
    const { rules } = this.options;
    try {
      return await this.bounded('read', adopter.library, () =>
        adopter.adopt((name) => cookieValues(header, name), rules),
      );
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'SESSION_INVALID')) throw error;
      this.publish('rejected', undefined, { reason: 'malformed' });
      this.warnOnce(
        adopter.library,
        `A session of ${adopter.library} cannot be adopted, and is kept: ${error.message}`,
      );
      return undefined;
    }
  }

  /** Removes a session from the store of its library. @throws SessionError `SESSION_STORE` */
  async remove({ adopter, end }: OldSession): Promise<void> {
    if (end !== undefined) await this.bounded('remove', adopter.library, end);
  }

  /** Sees to it that a session is not adopted again, where it can be told from others. @throws SessionError `SESSION_STORE` */
  async forget({ fingerprint, isRepeatable }: OldSession): Promise<void> {
    if (isRepeatable) return;
    const until = this.until === Infinity ? currentTime() + DEFAULT_MEMORY : this.until;
    await this.ended.add(fingerprint, until);
  }

  /**
   * The lines that delete the old cookies that a request brings.
   *
   * @param hasOwn whether it brings a session of ours
   * @param isEnded whether those that `keepOld` keeps are deleted too
   */
  deletions(header: string | undefined, hasOwn: boolean, isEnded: boolean): string[] {
    const { name, cookie } = this.options;
    const lines = new Set<string>();
    for (const { keepOld, cookies } of this.adopters) {
      if (keepOld && !isEnded) continue;
      for (const old of cookies) {
        // In its place stands the session's own cookie, or the deletion of that.
        if (isSameCookie(old, { name, path: cookie.path, domain: cookie.domain })) continue;
        const ownOnes = old.name === name && hasOwn ? 1 : 0;
        if (cookieValues(header, old.name).length > ownOnes) lines.add(deletionOf(old));
      }
    }
    return [...lines];
  }

  warnOnce(topic: string, message: string): void {
    if (this.warned.has(topic)) return;
    this.warned.add(topic);
    this.logger.warn(message);
  }

  /** Tells of a session that stays in its old store, since that failed. */
  reportLeft(error: unknown): void {
    this.logger.error(error);
  }

  /** Bounds a call in time. What the call itself throws is thrown as it is. */
  private async bounded<T>(
    operation: SessionStoreOperation,
    library: string,
    call: () => Promise<T>,
  ): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = await this.calls.run(() =>
        call().then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        ),
      );
    } catch (cause) {
      const message = `The store of ${library} failed, or did not answer in time.`;
      outcome = { error: new SessionError('SESSION_STORE', message, { cause }) };
    }
    if ('value' in outcome) return outcome.value;
    const { error } = outcome;
    if (error instanceof SessionError && error.code === 'SESSION_STORE') {
      this.publish('failed', undefined, { operation, error: error.cause ?? error });
    }
    throw error;
  }
}

/** A browser deletes the cookie of the same name, path and domain (RFC 6265, section 5.3). */
function deletionOf({ name, path, domain, secure }: OldCookie): string {
  const where = `; Path=${path}${domain === undefined ? '' : `; Domain=${domain}`}`;
  return `${name}=; Max-Age=0${where}; Expires=Thu, 01 Jan 1970 00:00:00 GMT${secure ? '; Secure' : ''}`;
}
