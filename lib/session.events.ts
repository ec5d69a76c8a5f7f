import { type Channel, channel } from 'node:diagnostics_channel';
import type { RejectReason } from './seal/keyring.js';

/**
 * Why a cookie was not accepted. `malformed`, `unknown-version`, `unknown-key` or `bad-seal`: it did not
 * open. `expired` or `future`: it opened, and its times are wrong. `unknown-id`: the store has no such session.
 * `revoked`: the session has an owner, and the registry has no such session.
 */
export type SessionRejectReason = RejectReason | 'expired' | 'future' | 'unknown-id' | 'revoked';

/** The call of a store that failed. */
export type SessionStoreOperation = 'read' | 'write' | 'touch' | 'remove';

/**
 * What happened to a session. Each kind has a channel of `node:diagnostics_channel`, named
 * `nestjs-typed-session:` and the kind.
 */
export interface SessionEvent {
  /** The name of the session's cookie. */
  readonly session: string;
  /** A keyed hash of the id, never the id. Absent if the cookie did not open. */
  readonly idHash?: string;
  /** With `adopted`: the package that the session comes from. */
  readonly library?: string;
  /** With `rejected`: why. */
  readonly reason?: SessionRejectReason;
  /** With `failed`: the call that failed. */
  readonly operation?: SessionStoreOperation;
  /** With `failed` and `secret-failed`: the error, also if there was no answer in time. */
  readonly error?: unknown;
  /** With `anomaly`: the address of the client, as the adapter's trusted-proxy setting gives it. */
  readonly address?: string;
  /** With `anomaly`: the number of cookies that did not open. */
  readonly count?: number;
  /** With `invalid`: the place of the value: `values.cart.items[2]`. */
  readonly path?: string;
  /** With `invalid`: the stored type: `@cart`; `(text)` if the text of the whole key is wrong. */
  readonly type?: string;
  /** With `invalid`: what is wrong with the value, never the value: `is not valid: name (isLength)`. */
  readonly why?: string;
  /**
   * With `invalid`: what the module did. `kept`: the value reads as `undefined` and is written back as it
   * was stored. `dropped`: the value is gone. `replaced`: `onInvalid` gave another value.
   */
  readonly outcome?: 'kept' | 'dropped' | 'replaced';
}

/** The kinds of events. Each one is the end of the name of its channel. */
export type SessionEventKind =
  | 'created'
  /** A session of another library became a session of this module, and the response says so. */
  | 'adopted'
  | 'renewed'
  | 'regenerated'
  | 'destroyed'
  /** `SessionService.end` or `endAll` ended a session. */
  | 'revoked'
  | 'rejected'
  | 'committed'
  /** The session was ended while a request ran, so the changes of that request were not kept. */
  | 'dropped'
  /** A call of a store or of the registry failed, or took longer than `storeTimeout`. */
  | 'failed'
  /** 50 cookies that do not open came from one address within a minute. Once in that time. */
  | 'anomaly'
  /** A cookie replaced the change of another response to the same cookie. */
  | 'conflict'
  /** The function `secret` failed; the module goes on with the last secrets. */
  | 'secret-failed'
  /** A stored value is not what its type asks for, or cannot be read. */
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
