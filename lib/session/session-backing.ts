import type { ResolvedCookie, SessionCookieOptions } from '../options/session.options.js';
import type { SessionRecord } from './session-record.js';
import type { SessionSnapshot, SessionState } from './session-state.js';
import type { Texts } from './session-values.js';
import type { ValueFault } from '../values/faults.js';
import type { ValueRules } from '../values/value-rules.js';

/** With what a new session begins that takes the place of one of another library. */
export interface AdoptedTexts {
  readonly adopted: Texts;
}

/** What a request brings: a session of ours, or one of another library. */
export type LoadedSession = SessionRecord | AdoptedTexts | undefined;

/** What a session needs of the world. */
export interface SessionBacking {
  readonly name: string;
  readonly cookie: Readonly<ResolvedCookie>;
  /** How its values are read and written. */
  readonly rules: ValueRules;
  /** Whether a change could no longer go anywhere, so that writing to live objects must fail. */
  readonly isReadOnly: boolean;
  /** Whether nobody sees the answer to this request, so that it must not consume flashes. */
  readonly isUnseen: boolean;
  /** Whether it has expired, and this request can no longer renew it. */
  readonly isOver: boolean;
  load(): LoadedSession | Promise<LoadedSession>;
  newId(): string;
  /** When a session would expire that is used now. */
  expiryOf(createdAt: number, cookie?: SessionCookieOptions): number;
  /** @throws SessionError where a change could not be kept */
  assertWritable(): void;
  /** Told of a write to the live values, which is committed, or reported where it comes too late. */
  noteWrite(): void;
  /** @throws SessionError where a new id could not reach the client */
  assertRenewable(): void;
  /** @throws SessionError `SESSION_HEADERS_SENT` */
  refuseChange(): never;
  /** @throws SessionError where the application wrote to the session itself, and not to its values */
  refuseProperties(): void;
  /** Told of a method that failed while nobody awaited it. */
  reportUnawaited(error: unknown): void;
  /** Told of a value that does not read as it is stored. */
  report(fault: ValueFault): void;
  /**
   * Keeps the session on the server, or checks that the response can carry it.
   *
   * @param take takes the snapshot, once all that was begun earlier is done
   * @returns what it took
   */
  save(take: () => SessionSnapshot): SessionSnapshot | Promise<SessionSnapshot>;
  /** Whether to open the session may take waiting. */
  readonly takesWaiting: boolean;
  /** The store that keeps the session, if its cookie does not. */
  readonly store: StoredBacking | undefined;
  /** Why it takes waiting where no store keeps it, as the end of a sentence about the session. */
  readonly whyItWaits: string;
  /** Goes on without the session that could not be read: nothing of it is changed. */
  goWithout(): void;
  /** The registry of signed-in sessions, where there is one. */
  readonly registration: RegistryBacking | undefined;
  /** The key of the secret against forged requests, which a new id replaces. */
  readonly secretKey: string | undefined;
  /** Names a session among those of its owner. */
  newRef(): string;
  /** Ends the session of another library that the request brings too, where there is one. */
  endOld(): Promise<void> | undefined;
}

/** What a store does with the session that it keeps: at once, one thing after the other. */
export interface StoredBacking {
  /** Ends it. */
  destroy(): Promise<void>;
  /** Notes that it has expired, as far as is known here: nothing more of it is kept. */
  expire(): void;
  /** @returns what it is now; `undefined` where it is gone */
  reread(): Promise<SessionRecord | undefined>;
  /**
   * Adds to a number.
   *
   * @param now the session and what it began with, for where nothing of it is kept yet
   * @returns the text of the sum; `undefined` where the session is gone
   */
  increment(key: string, by: number, now: SessionState): Promise<string | undefined>;
}

/** What a session does in the registry of signed-in sessions. */
export interface RegistryBacking {
  /** Tells it of a session that gets an owner. @throws SessionError `SESSION_STORE` */
  signIn(state: SessionState): Promise<void>;
  /** Whether it still knows the session, as this request has left it. @throws SessionError `SESSION_STORE` */
  isKnown(state: SessionState): Promise<boolean>;
  /** Takes the session out of it. @throws SessionError `SESSION_STORE` */
  signOut(): Promise<void>;
}
