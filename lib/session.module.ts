import { type DynamicModule, Global, Module, type NestModule } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import { expressSessionOf } from './express/express-session.js';
import { warnOfOtherLibrary, warnOfOtherPlugin } from './express/other-library.js';
import type { AnyResponse } from './http/request.js';
import { defineOnRequests } from './http/request-properties.js';
import { ConfigurableModuleClass, withHiddenOptions } from './options/module-definition.js';
import type { SessionModuleOptions, SessionOptions } from './options/session.options.js';
import { SESSION_BACKENDS, SessionBackends } from './request/session-backends.js';
import { refuseAssignment } from './request/shown-session.js';
import { SessionError } from './session.errors.js';
import { SessionExplorer } from './session.explorer.js';
import { SessionInterceptor } from './session.interceptor.js';
import { SessionService } from './session.service.js';
import { renderWithSession } from './session.view.js';

/** The types of Nest's adapters that answer HTTP. */
const ADAPTERS = new Set(['express', 'fastify']);

/**
 * Gives every handler of the application its session. Global: import it once, in the root module.
 *
 * @example
 * ```ts
 * @Module({ imports: [SessionModule.forRoot(process.env.SESSION_SECRET, 'app')] })
 * class AppModule {}
 * ```
 */
@Global()
@Module({
  providers: [SessionBackends, SessionExplorer, SessionInterceptor, SessionService],
  // The backends are the interceptor's, which Nest makes anew in each module that names it.
  exports: [SessionBackends, SessionInterceptor, SessionService],
})
export class SessionModule extends ConfigurableModuleClass implements NestModule {
  /** Whose requests have the properties. */
  private adapter: AbstractHttpAdapter | undefined;

  constructor(
    private readonly backends: SessionBackends,
    private readonly host: HttpAdapterHost,
    explorer: SessionExplorer,
  ) {
    super();
    explorer.bind(SessionModule);
    this.defineProperties();
  }

  /**
   * Registers one session.
   *
   * @param secret 32 bytes or more; a list rotates: the first seals, all open
   * @param name of the cookie. Default `session`
   * @throws SessionError `SESSION_CONFIG`, when the application boots
   */
  static forRoot(
    secret: SessionOptions['secret'] | undefined,
    name?: string,
    options?: Omit<SessionOptions, 'secret' | 'name'>,
  ): DynamicModule;
  /**
   * Registers one session or several.
   *
   * @param options of one session, or of several: the first is the default one
   */
  static override forRoot(options: SessionModuleOptions): DynamicModule;
  static override forRoot(
    first: SessionModuleOptions | SessionOptions['secret'] | undefined,
    name?: string,
    options?: Omit<SessionOptions, 'secret' | 'name'>,
  ): DynamicModule {
    const given = isSessionOptions(first)
      ? first
      : { ...options, secret: first!, ...(name === undefined ? {} : { name }) };
    return withHiddenOptions(super.forRoot(given));
  }

  /** Asks for the options when the application boots: by a factory, or by a class. */
  static override forRootAsync(
    options: Parameters<typeof ConfigurableModuleClass.forRootAsync>[0],
  ): DynamicModule {
    return withHiddenOptions(super.forRootAsync(options));
  }

  /** Runs when the application boots, before its routes are made. */
  configure(): void {
    // An application made for a test has its adapter since now.
    this.defineProperties();
    if (this.adapter !== undefined) warnOfOtherLibrary(this.adapter, this.backends);
  }

  /**
   * Defines `request.session` as early as the application has its adapter: plugins of Fastify that are
   * registered in `main.ts` may ask for it.
   */
  private defineProperties(): void {
    const { httpAdapter } = this.host;
    // An application context or a microservice answers no HTTP.
    const isHttp = ADAPTERS.has(httpAdapter?.getType());
    if (!isHttp || httpAdapter === this.adapter) return;
    this.adapter = httpAdapter;
    const { backends } = this;
    if (SESSION_BACKENDS in httpAdapter) {
      throw new SessionError(
        'SESSION_CONFIG',
        'SessionModule: forRoot was imported twice; allowed: once, with a list for several sessions.',
      );
    }
    Object.defineProperty(httpAdapter, SESSION_BACKENDS, { value: backends });
    defineOnRequests(httpAdapter, {
      key: SESSION_BACKENDS,
      value: backends,
      session: backends.default.options.requestSession
        ? {
            get: (request, response) => {
              const holder = expressSessionOf(request);
              if (holder !== undefined) return holder.face;
              const { live, session } = backends.ofRequest(request, response).session();
              live.openNow();
              return session;
            },
            shown: (request, response) => {
              backends.ofRequest(request, response).shownOn = request;
            },
            refuse: refuseAssignment,
            leave: warnOfOtherPlugin,
          }
        : undefined,
    });
    const render = httpAdapter.render.bind(httpAdapter);
    httpAdapter.render = (response: AnyResponse, view: string, variables?: object): unknown =>
      renderWithSession(
        backends,
        response,
        (helpers) => render(response, view, { ...helpers, ...variables }) as unknown,
      );
  }
}

/** Whether these are options, of one session or of several, and not a secret or a list of them. */
function isSessionOptions(
  first: SessionModuleOptions | SessionOptions['secret'] | undefined,
): first is SessionModuleOptions {
  const one: unknown = Array.isArray(first) ? first[0] : first;
  return typeof one === 'object' && one !== null && !ArrayBuffer.isView(one);
}
