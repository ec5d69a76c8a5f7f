import { Injectable } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef, ModulesContainer } from '@nestjs/core';
import { handlerNeeds } from './request/handler-needs.js';
import { filterStaleSignIns } from './decorators/stale-sign-in.filter.js';
import { takeSessionOfNest } from './decorators/session-of-nest.js';
import { rememberHandshake } from './http/context.js';
import { SessionBackends } from './request/session-backends.js';
import { SessionInterceptor } from './session.interceptor.js';
import { SessionService } from './session.service.js';

/** Where Nest's `@UseInterceptors` keeps what it says, in every version since 4. */
const INTERCEPTORS = '__interceptors__';
/** Where `@WebSocketGateway` says that a class is one. */
const GATEWAY = 'websockets:is_gateway';

/** Where Nest keeps what a class is given: by types, by `@Inject()`, and in its properties. */
const PARAMETER_TYPES = 'design:paramtypes';
const INJECTED_PARAMETERS = 'self:paramtypes';
const INJECTED_PROPERTIES = 'self:properties_metadata';
/** Who has one of these may call `SessionService.list`. */
const LEAD_TO_LIST = new Set<unknown>([SessionService, ModuleRef, LazyModuleLoader]);

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;

/** Finds the handlers that take a session, and binds the interceptor to them. */
@Injectable()
export class SessionExplorer {
  constructor(
    private readonly modules: ModulesContainer,
    private readonly backends: SessionBackends,
  ) {}

  /**
   * Called while the application boots, before the first handler is set up: Nest reads then which
   * interceptors it has.
   *
   * @param module the session module, which has the interceptor of this application
   */
  bind(module: object): void {
    const home = [...this.modules.values()].find((one) => one.metatype === module);
    const interceptor = home?.providers.get(SessionInterceptor);
    if (interceptor === undefined) return;
    for (const one of this.modules.values()) {
      for (const { metatype } of one.providers.values()) this.prepareClass(metatype);
      const hosts = [...one.controllers.values(), ...one.providers.values()];
      const isBound = hosts.map(({ metatype }) => this.bindClass(metatype)).includes(true);
      // Nest looks for an interceptor in the module of its handler.
      if (isBound && !one.injectables.has(SessionInterceptor)) {
        one.injectables.set(SessionInterceptor, interceptor);
      }
    }
    // To follow a handler through its promises costs each of them something, up to Node 22.
    this.backends.tracksCurrent &&= [...this.modules.values()]
      .filter((one) => one !== home)
      .flatMap((one) => [
        ...one.controllers.values(),
        ...one.providers.values(),
        ...one.injectables.values(),
      ])
      .some(({ metatype, inject }) => mayList(metatype, inject ?? undefined));
  }

  /** Makes resolvers and gateways, which Nest hands no session, like controllers. */
  private prepareClass(metatype: NestModule['metatype'] | null | object): void {
    if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') return;
    if (Reflect.hasMetadata(GATEWAY, metatype)) {
      rememberHandshakes(metatype.prototype as object);
      filterStaleSignIns(metatype);
    }
    if (!this.backends.default.options.requestSession) return;
    for (const handler of methodsOf(metatype.prototype as object)) {
      takeSessionOfNest(metatype, handler);
    }
  }

  /** @returns whether a handler of the class has the interceptor */
  private bindClass(metatype: NestModule['metatype'] | null | object): boolean {
    if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') return false;
    return methodsOf(metatype.prototype as object)
      .map((handler) => this.bindHandler(metatype, handler))
      .includes(true);
  }

  private bindHandler(owner: object, handler: object): boolean {
    const { names, rendersView, sendsEvents } = handlerNeeds(owner, handler);
    // A template cannot wait.
    const needsView = rendersView && this.backends.default.takesWaiting;
    if (sendsEvents || (names.length === 0 && !needsView)) return false;
    const own = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as unknown[];
    const ofClass = (Reflect.getMetadata(INTERCEPTORS, owner) ?? []) as unknown[];
    if ([...own, ...ofClass].some(isSessionInterceptor)) return true;
    // First of those of the handler, which find the session open and change it before the commit.
    Reflect.defineMetadata(INTERCEPTORS, [SessionInterceptor, ...own], handler);
    return true;
  }
}

/**
 * @param metatype a class, or the factory of a provider
 * @param inject what such a factory is given
 */
function mayList(metatype: unknown, inject: readonly unknown[] = []): boolean {
  if (typeof metatype !== 'function') return false;
  const listOf = (key: string) => (Reflect.getMetadata(key, metatype) ?? []) as object[];
  const tokens = [
    ...inject,
    ...listOf(PARAMETER_TYPES),
    ...listOf(INJECTED_PARAMETERS).map((one) => (one as { param?: unknown }).param),
    ...listOf(INJECTED_PROPERTIES).map((one) => (one as { type?: unknown }).type),
  ];
  return tokens.some((token) => LEAD_TO_LIST.has(tokenOf(token)));
}

/** A factory names an optional token in an object; `forwardRef` names one later. */
function tokenOf(given: unknown): unknown {
  const { token, forwardRef } = (given ?? {}) as { token?: unknown; forwardRef?: () => unknown };
  return forwardRef?.() ?? token ?? given;
}

const REMEMBERS = Symbol('remembers handshakes');

interface Gateway {
  handleConnection?(this: unknown, client: unknown, ...rest: unknown[]): unknown;
  [REMEMBERS]?: true;
}

/** A socket of ws does not know the request that opened it. Its gateway is told, once. */
function rememberHandshakes(gateway: Gateway): void {
  if (Object.hasOwn(gateway, REMEMBERS)) return;
  const original: unknown = Reflect.get(gateway, 'handleConnection');
  const remember: Gateway['handleConnection'] = function (client, ...rest) {
    rememberHandshake(client, rest[0]);
    if (typeof original !== 'function') return undefined;
    return Reflect.apply(original, this, [client, ...rest]) as unknown;
  };
  Object.defineProperty(gateway, REMEMBERS, { value: true });
  Object.defineProperty(gateway, 'handleConnection', {
    value: remember,
    configurable: true,
    writable: true,
  });
}

function isSessionInterceptor(interceptor: unknown): boolean {
  return interceptor === SessionInterceptor || interceptor instanceof SessionInterceptor;
}

function methodsOf(prototype: object): object[] {
  const methods = new Map<string, object>();
  for (
    let at: object | null = prototype;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name)) {
        methods.set(name, value as object);
      }
    }
  }
  return [...methods.values()];
}
