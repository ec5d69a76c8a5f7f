import { type ArgumentsHost, Inject, Injectable, Logger } from '@nestjs/common';
import { type AnyRequest, type AnyResponse, rawRequest, rawResponse } from './http/request.js';
import { isPlaceholder, MIN_SECRET_BYTES } from './seal/secret.js';
import { CookieCarrier } from './session.carrier.js';
import { SessionError } from './session.errors.js';
import { SessionExchange } from './session.exchange.js';
import { MODULE_OPTIONS_TOKEN } from './session.module-definition.js';
import {
  isMisspeltPrefix,
  type ResolvedOptions,
  resolveOptions,
  type SessionModuleOptions,
} from './session.options.js';
import { type RequestSession, type Session, type SessionData } from './session.js';
import { revive, serialize, UNKNOWN } from './values/serializer.js';

/** Which session `seal` and `unseal` mean. */
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
  private readonly carriers: ReadonlyMap<string, CookieCarrier>;
  private readonly defaultCarrier: CookieCarrier;
  /** Where a request and its response keep their exchange: of this application, not of another. */
  private readonly exchangeKey = Symbol('nestjs-typed-session');

  /** @throws SessionError `SESSION_CONFIG` */
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: SessionModuleOptions) {
    const resolved = resolveOptions(options);
    resolved.forEach(checkSecrets);
    const carriers = resolved.map((one) => new CookieCarrier(one));
    this.carriers = new Map(carriers.map((carrier) => [carrier.options.name, carrier]));
    this.defaultCarrier = carriers[0]!;
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
    const [request, response] = isArgumentsHost(from)
      ? partsOf(from)
      : [from as AnyRequest, isNamed ? undefined : (responseOrName as AnyResponse | undefined)];
    return this.open(request, response, isNamed ? responseOrName : name);
  }

  /**
   * Seals values as the cookie of a new session, for tests and tools.
   *
   * @returns the value of the cookie
   * @throws SessionError where the values cannot be stored or do not fit
   */
  seal(values: Record<string, unknown>, options: SealOptions = {}): string {
    const carrier = this.carrierOf(options.name);
    const now = Date.now();
    const texts = Object.entries(values).map(
      ([key, value]) => [key, serialize(value, `values.${key}`)] as const,
    );
    return carrier.seal({
      id: carrier.newId(),
      createdAt: now,
      sentAt: now,
      expiresAt: carrier.expiryOf(now),
      texts: new Map(texts),
    });
  }

  /** @returns the values in a cookie, or `undefined` where it does not open or has expired */
  unseal(cookieValue: string, options: SealOptions = {}): Record<string, unknown> | undefined {
    const loaded = this.carrierOf(options.name).open(cookieValue);
    if (loaded === undefined) return undefined;
    const values = [...loaded.record.texts].map(([key, text]) => {
      const value = revive(text);
      return [key, value === UNKNOWN ? undefined : value] as const;
    });
    return Object.fromEntries(values);
  }

  /** @internal The session of a request, at once; the same for each name. */
  open(request: AnyRequest, response: AnyResponse | undefined, name?: string): RequestSession {
    return this.unopened(request, response, name).open();
  }

  /** @internal A session that is taken from the request only if somebody looks at it. */
  unopened(request: AnyRequest, response: AnyResponse | undefined, name?: string): RequestSession {
    const carrier = this.carrierOf(name);
    const raw = rawRequest(request) as unknown as WithExchange;
    let exchange = raw[this.exchangeKey];
    if (exchange === undefined) {
      const rawReply = response === undefined ? undefined : rawResponse(response);
      exchange = new SessionExchange(request, rawReply);
      raw[this.exchangeKey] = exchange;
      if (rawReply !== undefined)
        (rawReply as unknown as WithExchange)[this.exchangeKey] = exchange;
    }
    return exchange.sessionOf(carrier);
  }

  /** @internal What a response has to do with sessions; nothing, for most. */
  exchangeOf(response: AnyResponse): SessionExchange | undefined {
    return (rawResponse(response) as unknown as WithExchange)[this.exchangeKey];
  }

  private carrierOf(name: string | undefined): CookieCarrier {
    if (name === undefined) return this.defaultCarrier;
    const carrier = this.carriers.get(name);
    if (carrier !== undefined) return carrier;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `No session is named '${name}'. SessionModule knows: ${[...this.carriers.keys()].join(', ')}.`,
    );
  }
}

type WithExchange = object & { [key: symbol]: SessionExchange | undefined };

function isArgumentsHost(value: object): value is ArgumentsHost {
  return 'switchToHttp' in value && 'getArgs' in value;
}

/** Request and response of any kind of context that stands on an HTTP request. */
function partsOf(host: ArgumentsHost): [AnyRequest, AnyResponse | undefined] {
  switch (host.getType<string>()) {
    case 'http':
      return [host.getArgByIndex(0), host.getArgByIndex(1)];
    case 'graphql': {
      const { req, res, request, reply } = host.getArgByIndex<GraphqlContext>(2);
      return [need(req ?? request, 'graphql'), res ?? reply ?? req?.res];
    }
    case 'ws': {
      const client = host.switchToWs().getClient<{ request?: AnyRequest }>();
      return [need(client.request, 'ws'), undefined];
    }
    default:
      return [need<AnyRequest>(undefined, host.getType<string>()), undefined];
  }
}

interface GraphqlContext {
  req?: AnyRequest & { res?: AnyResponse };
  res?: AnyResponse;
  request?: AnyRequest;
  reply?: AnyResponse;
}

function need<T>(request: T | undefined, kind: string): T {
  if (request !== undefined) return request;
  throw new SessionError(
    'SESSION_UNAVAILABLE',
    `This ${kind} context holds no HTTP request, so it has no session. Hand over the request: sessions.get(request).`,
  );
}

/** @throws SessionError `SESSION_CONFIG` for a weak secret in production; elsewhere warns once */
function checkSecrets({ secrets, name }: ResolvedOptions): void {
  const logger = new Logger('Session');
  if (isMisspeltPrefix(name)) {
    logger.warn(
      `The session name '${name}' looks like a cookie prefix and is none: browsers know __Host- and __Secure- only, spelt so.`,
    );
  }
  const weak = secrets.findIndex(
    (secret) => Buffer.byteLength(secret) < MIN_SECRET_BYTES || isPlaceholder(secret),
  );
  if (weak === -1) return;
  const message = `The secret ${secrets.length > 1 ? `at position ${weak} ` : ''}of session '${name}' is ${isPlaceholder(secrets[weak]) ? 'a well-known placeholder' : `shorter than ${MIN_SECRET_BYTES} bytes`}. This makes a good one: node -p "require('node:crypto').randomBytes(32).toString('base64url')"`;
  if (process.env.NODE_ENV === 'production') {
    throw new SessionError('SESSION_CONFIG', `SessionModule: secret is too weak. ${message}`);
  }
  logger.warn(`${message} (With NODE_ENV=production the application would not start.)`);
}
