import type { SessionBackendOf } from '../backends/open-session.js';
import type { OwnedSessions } from '../backends/owned-sessions.js';
import { SessionError } from '../session.errors.js';
import { RequestSession } from '../session/request-session.js';
import { checkOwner, type SessionOwner } from '../session/sign-in.js';
import type { SessionBackends } from './session-backends.js';

const REF = /^[\w-]{1,43}$/;

/** Names one of several sessions, for `SessionService`. */
export interface SealOptions {
  /** The name of its cookie. Default: the first session of the module. */
  name?: string;
}

/** A session of an owner, as `SessionService.list` shows it. */
export interface ListedSession {
  /** Names the session for `end`. It is not the id, and opens nothing. */
  ref: string;
  /** When the session began. */
  createdAt: Date;
  /** When somebody last used it, exact to a tenth of the idle time. */
  lastUsedAt: Date;
  /** When it ends if nobody uses it before. */
  expiresAt: Date;
  /** The label of `regenerate({ owner, label })`. */
  label: string | undefined;
  /** Whether it is the session of the request that asks. */
  isCurrent: boolean;
}

/** Options of `SessionService.list`. */
export interface ListOptions extends SealOptions {
  /**
   * The session that `isCurrent` marks. Default: the session of the handler that calls `list`, if the
   * handler takes it by a decorator.
   */
  current?: object;
}

/** Options of `SessionService.endAll`. */
export interface EndAllOptions extends SealOptions {
  /** The session that stays, as `@Session()` gives it. Default none. */
  except?: object;
}

/** What `SessionService.list` does. */
export async function listSessions(
  backends: SessionBackends,
  owner: string,
  { name, current }: ListOptions,
): Promise<ListedSession[]> {
  const { owned } = registered(backends, 'list', owner, name);
  const asking =
    current === undefined ? backends.currentOwner(name) : ownerOf('list', 'current', current);
  const sessions = (await owned.list(owner)).map((one) => ({
    ref: one.ref,
    createdAt: new Date(one.createdAt),
    lastUsedAt: new Date(one.lastUsedAt),
    expiresAt: new Date(one.expiresAt),
    label: one.label,
    isCurrent: asking?.id === owner && asking.ref === one.ref,
  }));
  return sessions.sort((a, b) => b.lastUsedAt.getTime() - a.lastUsedAt.getTime());
}

/** What `SessionService.end` does. */
export async function endSession(
  backends: SessionBackends,
  owner: string,
  ref: string,
  { name }: SealOptions,
): Promise<boolean> {
  const backend = registered(backends, 'end', owner, name);
  if (typeof ref !== 'string') refuseArgument('end', 'ref', 'a ref, as list() gives it');
  // Nothing else is one, and it may come from a client.
  if (!REF.test(ref)) return false;
  const ended = await backend.owned.remove(owner, ref);
  if (ended === undefined) return false;
  backend.publishRevoked([ended]);
  return true;
}

/** What `SessionService.endAll` does. */
export async function endAllSessions(
  backends: SessionBackends,
  owner: string,
  { name, except }: EndAllOptions,
): Promise<number> {
  const backend = registered(backends, 'endAll', owner, name);
  const kept = except === undefined ? undefined : ownerOf('endAll', 'except', except);
  const ended = await backend.owned.removeAll(owner, kept?.id === owner ? kept.ref : undefined);
  backend.publishRevoked(ended);
  return ended.length;
}

type Registered = SessionBackendOf & { readonly owned: OwnedSessions };

function registered(
  backends: SessionBackends,
  method: string,
  owner: string,
  name: string | undefined,
): Registered {
  checkOwner(`sessions.${method}`, owner);
  const backend = backends.named(name);
  if (isRegistered(backend)) return backend;
  throw new SessionError(
    'SESSION_CONFIG',
    `sessions.${method}: session '${backend.options.name}' has no registry. Give SessionModule the option registry, such as new RedisSessionRegistry(client).`,
  );
}

function isRegistered(backend: SessionBackendOf): backend is Registered {
  return backend.owned !== undefined;
}

/** The owner of a session that an application hands over. */
function ownerOf(method: string, option: string, session: object): SessionOwner | undefined {
  const live = RequestSession.liveOf(session);
  if (live === undefined) refuseArgument(method, option, 'a session, as @Session() gives it');
  return live.signIn?.owner;
}

function refuseArgument(method: string, what: string, allowed: string): never {
  throw new SessionError('SESSION_CONFIG', `sessions.${method}: ${what} must be ${allowed}.`);
}
