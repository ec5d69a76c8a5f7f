import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { BackedSession } from '../backends/backed-session.js';
import type { CookieBackend } from '../backends/cookie-backend.js';
import { openSession } from '../backends/open-session.js';
import type { ResponseState } from '../backends/response-state.js';
import { cookieValues } from '../http/cookie-header.js';
import type { SessionOptions } from '../options/session.options.js';
import { SessionBackends } from '../request/session-backends.js';
import { SessionError } from '../session.errors.js';
import { pathOf } from '../session/session-values.js';
import { RequestSession } from '../session/request-session.js';
import type { Session, SessionData } from '../session/session.js';
import { textsOf } from '../session/texts-of.js';
import { valuesOf } from '../session/values-of.js';
import { serialize } from '../values/serializer.js';
import type { ValueRules } from '../values/value-rules.js';
import { ownedRecord } from './owned-record.js';

/** Seals nothing that leaves this process. */
const SECRET = 'nestjs-typed-session/testing: createSession';

/**
 * Options of the module by which the session lives. For a session that a store keeps, give
 * `maxCookieBytes` what its `maxStoreBytes` says.
 */
export interface CreateSessionOptions extends Pick<
  SessionOptions,
  | 'name'
  | 'cookie'
  | 'idleTimeout'
  | 'absoluteTimeout'
  | 'rolling'
  | 'commitOn'
  | 'maxCookieBytes'
  | 'limits'
  | 'classTransformer'
> {
  /**
   * Whether the request brought none, so that the values are this request's. Default: without values and
   * without an owner.
   */
  isNew?: boolean;
  /**
   * Who has signed in with the session that the request brings, just now. Default: nobody. A new session
   * gets its owner by `await session.regenerate({ owner })`.
   */
  owner?: string;
}

/** A session without HTTP. */
export interface TestSession<T extends object = SessionData> extends Session<T> {
  /**
   * What would be kept, as the next request would find it: values that were revived from their text.
   *
   * @param status of the response; `commitOn` says what is kept of it. Default 200
   * @returns `undefined` where no session would be kept
   * @throws SessionError what the commit of a request would throw
   */
  commit(status?: number): Record<string, unknown> | undefined;
}

/**
 * A session without HTTP, to call a handler, a guard or a service with. It keeps the rules: a value that
 * cannot be stored is an error where it is set, and what was given comes back as it would in a request: as
 * a copy, an instance of its class.
 *
 * @param values that the session has; its type says the rest
 * @throws SessionError where a value cannot be stored; `SESSION_CONFIG` where an option is wrong
 *
 * @example
 * ```ts
 * const session = createSession({ visits: 1 });
 * expect(new VisitsController().visit(session)).toBe('Visit number 2');
 * expect(session.commit()).toEqual({ visits: 2 });
 * ```
 */
export function createSession<T extends object = SessionData>(
  values: NoInfer<Partial<T>> = {},
  {
    owner,
    isNew = Object.keys(values).length === 0 && owner === undefined,
    ...options
  }: CreateSessionOptions = {},
): TestSession<T> {
  if (isNew && owner !== undefined) refuseOwner();
  const backends = new SessionBackends({ secret: SECRET, ...options });
  // Without a store.
  const backend = backends.default as CookieBackend;
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  if (!isNew) {
    const texts = textsOf(values, backend.options.rules);
    const token =
      owner === undefined
        ? backend.begin(texts)
        : backend.keep(ownedRecord(backend, texts, owner, 'createSession'));
    request.headers.cookie = `${backend.options.name}=${token}`;
  }
  const backed = openSession(backend, request, new OpenResponse());
  const session = new WorkingSession(backed, backend);
  void backed.open();
  if (isNew) for (const [key, value] of Object.entries(values)) session.set(key, value);
  return session as unknown as TestSession<T>;
}

function refuseOwner(): never {
  throw new SessionError(
    'SESSION_CONFIG',
    'createSession: owner is only for a session that the request brings. Await session.regenerate({ owner }) of a new one.',
  );
}

class WorkingSession extends RequestSession {
  readonly #backed: BackedSession;
  readonly #backend: CookieBackend;
  #values: Record<string, unknown> | undefined;

  constructor(backed: BackedSession, backend: CookieBackend) {
    super(backed.live);
    this.#backed = backed;
    this.#backend = backend;
  }

  override get values(): Record<string, unknown> {
    return (this.#values ??= checked(super.values, this.#backed.rules));
  }

  override set(key: string, value: unknown): void {
    check(key, value, this.#backed.rules);
    super.set(key, value);
  }

  override addFlash(value: unknown, key?: string): void {
    check(key ?? '_flash', value, this.#backed.rules);
    super.addFlash(value, key);
  }

  commit(status = 200): Record<string, unknown> | undefined {
    const backend = this.#backend;
    const { cookie } = this.#backed.decide(this.#backed.keptAt(status));
    const [token] = cookie === undefined ? [] : cookieValues(cookie, backend.options.name);
    // Without a cookie the client keeps what it has.
    const record = token === undefined ? this.#backed.live.record : backend.open(token);
    return typeof record === 'object' ? valuesOf(record.texts, backend.options.rules) : undefined;
  }
}

/** @throws SessionError where a value cannot be stored */
function check(key: string, value: unknown, rules: ValueRules): void {
  serialize(value, pathOf(key), rules);
}

function checked(values: Record<string, unknown>, rules: ValueRules): Record<string, unknown> {
  return new Proxy(values, {
    set: (target, key, value) => {
      if (typeof key === 'string') check(key, value, rules);
      return Reflect.set(target, key, value);
    },
  });
}

/** A response whose headers have not left. */
class OpenResponse implements ResponseState {
  readonly isReadOnly = false;
  readonly isLate = false;
  readonly hasEnded = false;
  assertWritable(): void {}
  refuseChange(): never {
    throw new Error('a response that is open refuses nothing');
  }
  reportChange(): void {}
  reportLate(): void {}
}
