import { type ArgumentsHost, Inject, Injectable } from '@nestjs/common';
import { CookieBackend } from './backends/cookie-backend.js';
import { type ExpressMiddleware, expressSession } from './express/express-session.js';
import { SOCKET_WITHOUT_REQUEST, typeOf } from './http/context.js';
import type { AnyRequest, AnyResponse } from './http/request.js';
import type { SessionModuleOptions } from './options/session.options.js';
import {
  type EndAllOptions,
  endAllSessions,
  endSession,
  type ListedSession,
  type ListOptions,
  listSessions,
  type SealOptions,
} from './request/signed-in-sessions.js';
import { SessionBackends } from './request/session-backends.js';
import { SessionError } from './session.errors.js';
import type { Session, SessionData } from './session/session.js';
import type { SessionRecord } from './session/session-record.js';
import { textsOf } from './session/texts-of.js';
import { valuesOf } from './session/values-of.js';
import type { ValueRules } from './values/value-rules.js';

/**
 * Gives the session outside a handler: in guards, pipes, filters, middleware, gateways and tests.
 *
 * @example
 * ```ts
 * @Injectable()
 * class SignedInGuard implements CanActivate {
 *   constructor(private readonly sessions: SessionService) {}
 *
 *   async canActivate(context: ExecutionContext) {
 *     return (await this.sessions.get(context)).has('user');
 *   }
 * }
 * ```
 */
@Injectable()
export class SessionService {
  private readonly backends: SessionBackends;

  /**
   * @param from what Nest injects; a tool without Nest passes options, as to `forRoot`
   * @throws SessionError `SESSION_CONFIG` if the options are wrong
   */
  constructor(@Inject(SessionBackends) from: SessionBackends | SessionModuleOptions) {
    this.backends = from instanceof SessionBackends ? from : new SessionBackends(from);
  }

  /**
   * Gives the session of an execution context, of an arguments host, or of a request and its response.
   * It is the same object everywhere in a request.
   *
   * Without a response (a gateway has none), a session in the cookie can be read and not changed.
   *
   * @param name of the session's cookie. Default: the first session of the module
   * @throws SessionError `SESSION_UNAVAILABLE` if no session has that name, or if the context has no
   * request
   */
  async get<T extends object = SessionData>(
    host: ArgumentsHost,
    name?: string,
  ): Promise<Session<T>>;
  async get<T extends object = SessionData>(
    request: object,
    response?: object,
    name?: string,
  ): Promise<Session<T>>;
  async get(
    from: ArgumentsHost | object,
    responseOrName?: object | string,
    name?: string,
  ): Promise<unknown> {
    const isNamed = typeof responseOrName === 'string';
    const sessionName = isNamed ? responseOrName : name;
    if (isArgumentsHost(from)) {
      const sessions = this.backends.ofContext(from);
      if (sessions !== undefined) return sessions.session(sessionName).open();
      throw new SessionError(
        'SESSION_UNAVAILABLE',
        `This ${typeOf(from)} context holds no HTTP request, so it has no session. ${typeOf(from) === 'ws' ? SOCKET_WITHOUT_REQUEST : 'Hand over the request itself: sessions.get(request).'}`,
      );
    }
    if (!isRequest(from)) {
      throw new SessionError(
        'SESSION_UNAVAILABLE',
        'sessions.get was given neither a context nor a request. Write sessions.get(context) in a guard, a pipe or an interceptor, and sessions.get(request, response) in middleware.',
      );
    }
    const response = isNamed ? undefined : (responseOrName as AnyResponse | undefined);
    return this.backends.ofRequest(from, response).session(sessionName).open();
  }

  /**
   * Makes a middleware that gives the default session as `req.session`, with the interface of
   * express-session, for Passport and other packages. `@Session()` gives the same session.
   *
   * @example
   * ```ts
   * app.use(app.get(SessionService).asExpressSession());
   * app.use(passport.initialize(), passport.session());
   * ```
   */
  asExpressSession(): ExpressMiddleware {
    return expressSession(this.backends);
  }

  /**
   * Seals values as the cookie of a new session, for tests and tools.
   *
   * @returns the value of the cookie
   * @throws SessionError if the values cannot be stored or do not fit; `SESSION_UNAVAILABLE` if a store
   * keeps the session: use `begin` then
   */
  seal(values: Record<string, unknown>, options: SealOptions = {}): string {
    const backend = this.cookieBackend(options.name, 'await sessions.begin(values)');
    return backend.begin(textsOf(values, backend.options.rules));
  }

  /**
   * Reads the values in a cookie, for tests and tools.
   *
   * @returns the values, or `undefined` if the cookie does not open or has expired
   * @throws SessionError `SESSION_UNAVAILABLE` if a store keeps the session: use `read` then;
   * `SESSION_INVALID` if a value is not valid and its type has `onInvalid: 'throw'`
   */
  unseal(cookieValue: string, options: SealOptions = {}): Record<string, unknown> | undefined {
    const backend = this.cookieBackend(options.name, 'await sessions.read(cookieValue)');
    const record = backend.open(cookieValue);
    const isOwned = typeof record !== 'string' && record.signIn?.owner !== undefined;
    if (isOwned && backend.owned !== undefined) {
      throw new SessionError(
        'SESSION_UNAVAILABLE',
        `Session '${backend.options.name}' has an owner, and its registry must be asked. Use await sessions.read(cookieValue).`,
      );
    }
    return readable(record, backend.options.rules);
  }

  /**
   * Begins a session with these values, in the cookie or in the store, for tests and tools.
   *
   * @returns the value of its cookie
   * @throws SessionError if the values cannot be kept
   */
  async begin(values: Record<string, unknown>, options: SealOptions = {}): Promise<string> {
    const backend = this.backends.named(options.name);
    return backend.begin(textsOf(values, backend.options.rules));
  }

  /**
   * Reads the values of the session of a cookie, from the cookie or from the store, for tests and tools.
   *
   * @returns the values, or `undefined` if there is no session
   * @throws SessionError `SESSION_STORE`; `SESSION_INVALID` if a value is not valid and its type has
   * `onInvalid: 'throw'`
   */
  async read(
    cookieValue: string,
    options: SealOptions = {},
  ): Promise<Record<string, unknown> | undefined> {
    const backend = this.backends.named(options.name);
    return readable(await backend.openKnown(cookieValue), backend.options.rules);
  }

  /**
   * Lists the sessions in which an owner is signed in, the last used first.
   *
   * @param owner as in `regenerate({ owner })`
   * @throws SessionError `SESSION_CONFIG` without a registry, or if the owner is wrong; `SESSION_STORE`
   */
  async list(owner: string, options: ListOptions = {}): Promise<ListedSession[]> {
    return listSessions(this.backends, owner, options);
  }

  /**
   * Ends a session of an owner, at once.
   *
   * @param ref as `list` shows it
   * @returns `false` if that owner has no such session; it ends nothing then
   * @throws SessionError `SESSION_CONFIG` without a registry, or if the owner is wrong; `SESSION_STORE`
   */
  async end(owner: string, ref: string, options: SealOptions = {}): Promise<boolean> {
    return endSession(this.backends, owner, ref, options);
  }

  /**
   * Ends all sessions of an owner, at once.
   *
   * @returns how many sessions it ended
   * @throws SessionError `SESSION_CONFIG` without a registry, or if the owner is wrong; `SESSION_STORE`
   */
  async endAll(owner: string, options: EndAllOptions = {}): Promise<number> {
    return endAllSessions(this.backends, owner, options);
  }

  private cookieBackend(name: string | undefined, instead: string): CookieBackend {
    const backend = this.backends.named(name);
    if (backend instanceof CookieBackend) return backend;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `Session '${backend.options.name}' is kept in a store, and its cookie holds no values. Use ${instead}.`,
    );
  }
}

function readable(
  record: SessionRecord | string,
  rules: ValueRules,
): Record<string, unknown> | undefined {
  return typeof record === 'string' ? undefined : valuesOf(record.texts, rules);
}

function isArgumentsHost(value: unknown): value is ArgumentsHost {
  return typeof value === 'object' && value !== null && 'switchToHttp' in value;
}

function isRequest(value: unknown): value is AnyRequest {
  const { raw = value } = (value ?? {}) as { raw?: unknown };
  return typeof (raw as { headers?: unknown } | undefined)?.headers === 'object';
}
