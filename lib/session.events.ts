import { type Channel, channel } from 'node:diagnostics_channel';
import type { RejectReason } from './seal/keyring.js';

/**
 * Why a cookie was not accepted. `unknown-id`: no store holds its session (any more).
 * `revoked`: it has an owner, and the registry does not know it (any more).
 */
export type SessionRejectReason = RejectReason | 'expired' | 'future' | 'unknown-id' | 'revoked';

/** What a store was asked for. */
export type SessionStoreOperation = 'read' | 'write' | 'touch' | 'remove';

/**
 * What happened to a session. Each kind has a channel of `node:diagnostics_channel`, named
 * `nestjs-typed-session:` and the kind.
 */
export interface SessionEvent {
  /** The name of the session's cookie. */
  readonly session: string;
  /** A keyed hash of the id, never the id. Absent where the cookie did not open. */
  readonly idHash?: string;
  /** With `adopted`: the package whose session it was. */
  readonly library?: string;
  /** With `rejected`: why. */
  readonly reason?: SessionRejectReason;
  /** With `failed`: what the store was asked for. */
  readonly operation?: SessionStoreOperation;
  /** With `failed` and `secret-failed`: what was thrown, or that there was no answer in time. */
  readonly error?: unknown;
  /** With `anomaly`: the address, as the adapter's trusted-proxy setting gives it. */
  readonly address?: string;
  /** With `anomaly`: how many. */
  readonly count?: number;
  /** With `invalid`: where the value lies that does not read as it is stored: `values.cart.items[2]`. */
  readonly path?: string;
  /** With `invalid`: its type, as it is stored: `@cart`; `(text)` where all of the key is at fault. */
  readonly type?: string;
  /** With `invalid`: what is wrong, as the end of a sentence about the type. Never the value. */
  readonly why?: string;
  /**
   * With `invalid`: what became of the value. `kept`: it reads as `undefined` and is written back as
   * it was stored. `dropped`: it is gone. `replaced`: by what `onInvalid` gave.
   */
  readonly outcome?: 'kept' | 'dropped' | 'replaced';
}

/** What happened: each kind is the end of a channel's name. */
export type SessionEventKind =
  | 'created'
  /** A session of another library became one of ours, and the response says so. */
  | 'adopted'
  | 'renewed'
  | 'regenerated'
  | 'destroyed'
  /** `SessionService.end` or `endAll` ended a session. */
  | 'revoked'
  | 'rejected'
  | 'committed'
  /** With a store: the session ended while a request ran, so its changes were not kept. */
  | 'dropped'
  /** A call of the store, or of that of another library, failed or took longer than `storeTimeout`. */
  | 'failed'
  /** Of one address came 50 cookies within a minute that do not open. Told once in that time. */
  | 'anomaly'
  /** A cookie takes the place of a change that another response to the same cookie has brought. */
  | 'conflict'
  /** The function that gives the secrets failed: the last ones go on. */
  | 'secret-failed'
  /** A stored value was read and is not what its type asks for, or cannot be read. */
  | 'invalid';

const channels: Readonly<Record<SessionEventKind, Channel>> = {
  created: channel('nestjs-typed-session:created'),
  adopted: channel('nestjs-typed-session:adopted'),
  renewed: channel('nestjs-typed-session:renewed'),
  regenerated: channel('nestjs-typed-session:regenerated'),
  destroyed: channel('nestjs-typed-session:destroyed'),
  revoked: channel('nestjs-typed-session:revoked'),
  rejected: channel('nestjs-typed-session:rejected'),
  committed: channel('nestjs-typed-session:committed'),
  dropped: channel('nestjs-typed-session:dropped'),
  anomaly: channel('nestjs-typed-session:anomaly'),
  conflict: channel('nestjs-typed-session:conflict'),
  'secret-failed': channel('nestjs-typed-session:secret-failed'),
  failed: channel('nestjs-typed-session:failed'),
  invalid: channel('nestjs-typed-session:invalid'),
};

/** Whether somebody listens to a kind of event: some are not looked for otherwise. */
export function hasListeners(kind: SessionEventKind): boolean {
  return channels[kind].hasSubscribers;
}

/** All of them, in the order of {@link SessionEventKind}. */
export const SESSION_EVENT_KINDS = Object.keys(channels) as readonly SessionEventKind[];

// One for both forms of the package.
const PUBLISHERS: unique symbol = Symbol.for('nestjs-typed-session:publishers');

const shared = globalThis as { [PUBLISHERS]?: WeakMap<SessionEvent, object> };

/** Which backend told an event: several applications may run in one process. */
const publishers = (shared[PUBLISHERS] ??= new WeakMap());

export function publisherOf(event: SessionEvent): object | undefined {
  return publishers.get(event);
}

/** @param make makes the event, only if somebody listens: the hash of an id is not free */
export function publish(kind: SessionEventKind, publisher: object, make: () => SessionEvent): void {
  const listeners = channels[kind];
  if (!listeners.hasSubscribers) return;
  const event = make();
  publishers.set(event, publisher);
  listeners.publish(event);
}
