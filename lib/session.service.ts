import { type ArgumentsHost, Inject, Injectable, Logger } from '@nestjs/common';
import { httpPartsOf } from './http/context.js';
import {
  type AnyRequest,
  type AnyResponse,
  rawRequest,
  rawResponse,
  responseOf,
} from './http/request.js';
import { existingHookOf, hookOf, type ResponseHook } from './http/response-hook.js';
import { isPlaceholder, MIN_SECRET_BYTES } from './seal/secret.js';
import { CookieBackend } from './backends/cookie-backend.js';
import { SessionError } from './session.errors.js';
import { RequestSessions } from './request/request-sessions.js';
import { MODULE_OPTIONS_TOKEN } from './session.module-definition.js';
import {
  isMisspeltPrefix,
  type ResolvedOptions,
  resolveOptions,
  type SessionModuleOptions,
} from './options/session.options.js';
import type { Session, SessionData } from './session/session.js';
import type { SessionRecord } from './session/session-record.js';
import type { RequestSession } from './session/request-session.js';
import { StoreBackend } from './backends/store-backend.js';
import { pathOf, type Texts } from './session/session-values.js';
import { logFault } from './values/faults.js';
import { DROPPED, revive, serialize, UNKNOWN } from './values/serializer.js';
import type { ValueRules } from './values/value-rules.js';

/** Which session is meant. */
export interface SealOptions {
  /** The name of its cookie. Default: the first session of the module. */
  name?: string;
}

/**
 * The door to the session for everything outside a handler: guards, pipes, filters, middleware,
 * gateways, and tests.
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
  private readonly backends: ReadonlyMap<string, CookieBackend | StoreBackend>;
  private readonly defaultBackend: CookieBackend | StoreBackend;

  /** @throws SessionError `SESSION_CONFIG` */
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: SessionModuleOptions) {
    const resolved = resolveOptions(options);
    refuseWeakSecrets(resolved);
    resolved.forEach(warnOfMisspeltPrefix);
    const backends = resolved.map((one) =>
      one.storage === undefined ? new CookieBackend(one) : new StoreBackend(one, one.storage),
    );
    this.backends = new Map(backends.map((backend) => [backend.options.name, backend]));
    this.defaultBackend = backends[0]!;
  }

  /**
   * The session of an execution context, an arguments host, or a request and its response: the
   * same object wherever in a request it is asked for.
   *
   * Without a response (a gateway has none) the session can be read and not changed.
   *
   * @param name of the session's cookie. Default: the first session of the module
   * @throws SessionError `SESSION_UNAVAILABLE` where no session has that name
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
    if (!isArgumentsHost(from)) {
      const response = isNamed ? undefined : (responseOrName as AnyResponse | undefined);
      return this.open(from as AnyRequest, response, sessionName);
    }
    const { request, response } = httpPartsOf(from);
    if (request !== undefined) return this.open(request, response, sessionName);
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `This ${from.getType<string>()} context holds no HTTP request, so it has no session. Hand over the request itself: sessions.get(request).`,
    );
  }

  /**
   * Seals values as the cookie of a new session, for tests and tools.
   *
   * @returns the value of the cookie
   * @throws SessionError where the values cannot be stored or do not fit; `SESSION_UNAVAILABLE` where
   * the session is kept in a store: there `begin` does it
   */
  seal(values: Record<string, unknown>, options: SealOptions = {}): string {
    const backend = this.cookieCarrierOf(options.name, 'await sessions.begin(values)');
    return backend.begin(textsOf(values, backend.options.rules));
  }

  /**
   * @returns the values in a cookie, or `undefined` where it does not open or has expired
   * @throws SessionError `SESSION_UNAVAILABLE` where the session is kept in a store: there `read`
   * does it; `SESSION_INVALID` where a value's type says `onInvalid: 'throw'`
   */
  unseal(cookieValue: string, options: SealOptions = {}): Record<string, unknown> | undefined {
    const backend = this.cookieCarrierOf(options.name, 'await sessions.read(cookieValue)');
    return valuesOf(backend.open(cookieValue), backend.options.rules);
  }

  /**
   * Begins a session with these values, wherever it is kept, for tests and tools.
   *
   * @returns the value of its cookie
   * @throws SessionError where the values cannot be kept
   */
  async begin(values: Record<string, unknown>, options: SealOptions = {}): Promise<string> {
    const backend = this.carrierOf(options.name);
    return backend.begin(textsOf(values, backend.options.rules));
  }

  /**
   * @returns the values of the session that a cookie stands for, wherever it is kept, or `undefined`
   * where there is none
   * @throws SessionError `SESSION_STORE`; `SESSION_INVALID` where a value's type says
   * `onInvalid: 'throw'`
   */
  async read(
    cookieValue: string,
    options: SealOptions = {},
  ): Promise<Record<string, unknown> | undefined> {
    const backend = this.carrierOf(options.name);
    return valuesOf(await backend.open(cookieValue), backend.options.rules);
  }

  /**
   * @internal The session of a request, the same for each name; at once where its cookie carries it.
   */
  open(
    request: AnyRequest,
    response: AnyResponse | undefined,
    name?: string,
  ): RequestSession | Promise<RequestSession> {
    return this.unopened(request, response, name).open();
  }

  /** @internal A session that is taken from the request only if somebody looks at it. */
  unopened(request: AnyRequest, response: AnyResponse | undefined, name?: string): RequestSession {
    const backend = this.carrierOf(name);
    const hook = hookOf(rawRequest(request));
    let exchange = this.exchangeIn(hook);
    if (exchange === undefined) {
      exchange = new RequestSessions(request, this);
      hook.listeners.push(exchange);
    }
    if (exchange.isDetached) {
      const carrying = response ?? responseOf(request);
      if (carrying !== undefined) exchange.attach(rawResponse(carrying), hook);
    }
    return exchange.sessionOf(backend);
  }

  /** @internal What a response has to do with sessions; nothing, for most. */
  exchangeOf(response: AnyResponse): RequestSessions | undefined {
    const hook = existingHookOf(rawResponse(response));
    return hook === undefined ? undefined : this.exchangeIn(hook);
  }

  private exchangeIn(hook: ResponseHook): RequestSessions | undefined {
    for (const listener of hook.listeners) {
      if (listener instanceof RequestSessions && listener.owner === this) return listener;
    }
    return undefined;
  }

  private cookieCarrierOf(name: string | undefined, instead: string): CookieBackend {
    const backend = this.carrierOf(name);
    if (backend instanceof CookieBackend) return backend;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `Session '${backend.options.name}' is kept in a store, and its cookie holds no values. Use ${instead}.`,
    );
  }

  private carrierOf(name: string | undefined): CookieBackend | StoreBackend {
    if (name === undefined) return this.defaultBackend;
    const backend = this.backends.get(name);
    if (backend !== undefined) return backend;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `No session is named '${name}'. SessionModule knows: ${[...this.backends.keys()].join(', ')}.`,
    );
  }
}

function textsOf(values: Record<string, unknown>, rules: ValueRules): Texts {
  const texts = Object.entries(values).map(
    ([key, value]) => [key, serialize(value, pathOf(key), rules)] as const,
  );
  return new Map(texts);
}

function valuesOf(
  record: SessionRecord | string,
  rules: ValueRules,
): Record<string, unknown> | undefined {
  if (typeof record === 'string') return undefined;
  const reader = { rules, report: logFault };
  const values = [...record.texts]
    .map(([key, text]) => [key, revive(text, key, reader)] as const)
    .filter(([, value]) => value !== DROPPED)
    .map(([key, value]) => [key, value === UNKNOWN ? undefined : value] as const);
  return Object.fromEntries(values);
}

function isArgumentsHost(value: object): value is ArgumentsHost {
  return 'switchToHttp' in value && 'getArgs' in value;
}

/** @throws SessionError `SESSION_CONFIG` for a weak secret in production; elsewhere warns, once */
function refuseWeakSecrets(sessions: readonly ResolvedOptions[]): void {
  const weak = sessions.flatMap(({ name, secrets }) =>
    secrets
      .map((secret, i) => ({
        name,
        fault: weaknessOf(secret),
        at: secrets.length > 1 ? `[${i}]` : '',
      }))
      .filter(({ fault }) => fault !== undefined),
  );
  if (weak.length === 0) return;
  const faults = weak.map(({ name, fault, at }) => `secret${at} of session '${name}' is ${fault}`);
  const message = `SessionModule: ${faults.join('; ')}; allowed: random secrets of ${MIN_SECRET_BYTES} bytes or more. This makes one: node -p "require('node:crypto').randomBytes(32).toString('base64url')"`;
  if (process.env.NODE_ENV === 'production') throw new SessionError('SESSION_CONFIG', message);
  new Logger('Session').warn(`${message} (With NODE_ENV=production this is an error.)`);
}

function weaknessOf(secret: string | Buffer): string | undefined {
  if (isPlaceholder(secret)) return 'a well-known placeholder';
  const bytes = Buffer.byteLength(secret);
  return bytes < MIN_SECRET_BYTES ? `too short (${bytes} bytes)` : undefined;
}

function warnOfMisspeltPrefix({ name }: ResolvedOptions): void {
  if (!isMisspeltPrefix(name)) return;
  new Logger('Session').warn(
    `The session name '${name}' looks like a cookie prefix and is none: browsers know __Host- and __Secure- only, spelt so.`,
  );
}
