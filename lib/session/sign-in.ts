import { inspect } from 'node:util';
import { SessionError } from '../session.errors.js';
import { currentTime } from '../session.clock.js';

/** Whom a session is bound to. */
export interface SessionOwner {
  readonly id: string;
  /** Names the session among those of its owner. It is not the id, and opens nothing. */
  readonly ref: string;
  /** What the owner is shown of the session. */
  readonly label?: string;
}

/** Who signed in with a session, and when. */
export interface SignIn {
  /** When the user last proved who they are: milliseconds since 1970. */
  readonly authenticatedAt: number;
  readonly owner?: SessionOwner;
}

/** Options of `session.regenerate`. */
export interface RegenerateOptions {
  /**
   * Who signs in: the id of the user, a string of 1 to 256 characters. It binds the session to this owner,
   * and sets `authenticatedAt` to now. Default: the owner that the session has.
   */
  owner?: string;
  /** A name for the list of `SessionService.list`, such as `'Firefox on Linux'`: up to 256 characters. */
  label?: string;
}

const MAX_LENGTH = 256;

/** @throws SessionError `SESSION_CONFIG` where it is no owner */
export function checkOwner(method: string, owner: unknown): asserts owner is string {
  if (typeof owner === 'string' && owner.length > 0 && owner.length <= MAX_LENGTH) return;
  const hint =
    typeof owner === 'number' || typeof owner === 'bigint' ? ` Write String(${owner}).` : '';
  refuse(method, 'owner', owner, `a string of 1 to ${MAX_LENGTH} characters`, hint);
}

function checkLabel(method: string, label: unknown): asserts label is string | undefined {
  if (label === undefined) return;
  if (typeof label === 'string' && label.length <= MAX_LENGTH) return;
  refuse(method, 'label', label, `a string of up to ${MAX_LENGTH} characters`);
}

function refuse(method: string, what: string, value: unknown, allowed: string, hint = ''): never {
  const text =
    typeof value === 'string'
      ? `a string of ${value.length} characters`
      : inspect(value, { depth: 0 });
  throw new SessionError(
    'SESSION_CONFIG',
    `${method}: ${what} is ${text}; allowed: ${allowed}.${hint}`,
  );
}

/**
 * Who is signed in after a call of `regenerate`.
 *
 * @param options what it was given; a list of keys, as `@fastify/passport` gives, says nothing
 * @param now who is signed in before
 * @param newRef makes the `ref` of a session that gets another owner
 * @throws SessionError `SESSION_CONFIG` where the options are wrong
 */
export function signInOf(
  options: unknown,
  now: SignIn | undefined,
  newRef: () => string,
): SignIn | undefined {
  if (options === undefined || Array.isArray(options)) return now;
  if (typeof options !== 'object' || options === null) {
    refuse('regenerate', 'its argument', options, 'an object such as { owner, label }');
  }
  const given = options as RegenerateOptions;
  const isSignIn = 'owner' in given;
  if (isSignIn) checkOwner('regenerate', given.owner);
  checkLabel('regenerate', given.label);
  const label = given.label === '' ? undefined : given.label;
  if (!isSignIn) {
    if (given.label === undefined) return now;
    if (now?.owner === undefined) refuse('regenerate', 'label', given.label, 'only with an owner');
    return { ...now, owner: { ...now.owner, label } };
  }
  const before = now?.owner?.id === given.owner ? now?.owner : undefined;
  const owner = {
    id: given.owner!,
    ref: before?.ref ?? newRef(),
    label: given.label === undefined ? before?.label : label,
  };
  return { authenticatedAt: currentTime(), owner };
}

/** Whether the same user is signed in, since the same moment. */
export function areSameSignIn(one: SignIn | undefined, other: SignIn | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return (
    one.authenticatedAt === other.authenticatedAt &&
    one.owner?.id === other.owner?.id &&
    one.owner?.ref === other.owner?.ref &&
    one.owner?.label === other.owner?.label
  );
}

/** A sign-in as a record keeps it. */
export function formatSignIn({ authenticatedAt, owner }: SignIn): string {
  const members = owner === undefined ? [] : [owner.id, owner.ref];
  if (owner?.label !== undefined) members.push(owner.label);
  return JSON.stringify([authenticatedAt, ...members]);
}

/** @throws Error where it is of another form */
export function parseSignIn(members: unknown): SignIn | undefined {
  if (members === undefined) return undefined;
  const [authenticatedAt, id, ref, label] = members as unknown[];
  const texts = [id, ref, label].filter((text) => text !== undefined);
  const isKnown =
    Number.isInteger(authenticatedAt) && texts.every((one) => typeof one === 'string');
  if (!isKnown || (id === undefined) !== (ref === undefined)) throw new TypeError('no sign-in');
  if (id === undefined) return { authenticatedAt: authenticatedAt as number };
  const owner = { id, ref, ...(label === undefined ? {} : { label }) } as SessionOwner;
  return { authenticatedAt: authenticatedAt as number, owner };
}
