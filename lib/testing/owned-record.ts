import type { SessionBackendOf } from '../backends/open-session.js';
import { currentTime } from '../session.clock.js';
import type { SessionRecord } from '../session/session-record.js';
import type { Texts } from '../session/session-values.js';
import { checkOwner, type SignIn, type SessionOwner, signInOf } from '../session/sign-in.js';

export type OwnedRecord = SessionRecord & { readonly signIn: SignIn & { owner: SessionOwner } };

/**
 * The record of a session that an owner has just signed in with.
 *
 * @param neededBy names the function of the kit
 * @throws SessionError `SESSION_CONFIG` where it is no owner
 */
export function ownedRecord(
  backend: SessionBackendOf,
  texts: Texts,
  owner: string,
  neededBy: string,
): OwnedRecord {
  checkOwner(neededBy, owner);
  const now = currentTime();
  const signIn = signInOf({ owner }, undefined, () => backend.newRef());
  const state = { id: backend.newId(), createdAt: now, signIn, texts };
  return backend.recordOf(state, now) as OwnedRecord;
}
