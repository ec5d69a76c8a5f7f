import { type DynamicModule, Global, Module, type NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SESSION_SERVICE } from './decorators/session-of.js';
import { defineOnRequests, gateReplies } from './http/adapter.js';
import type { AnyRequest, AnyResponse } from './http/request.js';
import { SessionError } from './session.errors.js';
import { ConfigurableModuleClass } from './session.module-definition.js';
import type { SessionModuleOptions, SessionOptions } from './options/session.options.js';
import { SessionService } from './session.service.js';
import { viewHelpers } from './session.view.js';

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
@Module({ providers: [SessionService], exports: [SessionService] })
export class SessionModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    private readonly sessions: SessionService,
    private readonly host: HttpAdapterHost,
  ) {
    super();
  }

  /**
   * @param secret 32 bytes or more; a list rotates: the first seals, all open
   * @param name of the cookie. Default `session`
   * @throws SessionError `SESSION_CONFIG`, when the application boots
   */
  static forRoot(
    secret: SessionOptions['secret'] | undefined,
    name?: string,
    options?: Omit<SessionOptions, 'secret' | 'name'>,
  ): DynamicModule;
  /** @param options of one session, or of several: the first is the default one */
  static override forRoot(options: SessionModuleOptions): DynamicModule;
  static override forRoot(
    first: SessionModuleOptions | SessionOptions['secret'] | undefined,
    name?: string,
    options?: Omit<SessionOptions, 'secret' | 'name'>,
  ): DynamicModule {
    if (isSessionOptions(first)) return super.forRoot(first);
    return super.forRoot({ ...options, secret: first!, ...(name === undefined ? {} : { name }) });
  }

  /** Runs when the application boots, before its routes are made. */
  configure(): void {
    const { httpAdapter } = this.host;
    // An application context or a microservice answers no HTTP.
    if (httpAdapter?.getInstance() === undefined) return;
    const { sessions } = this;
    if (SESSION_SERVICE in httpAdapter) {
      throw new SessionError(
        'SESSION_CONFIG',
        'SessionModule: forRoot was imported twice; allowed: once, with a list for several sessions.',
      );
    }
    Object.defineProperty(httpAdapter, SESSION_SERVICE, { value: sessions });
    const getSession = (request: AnyRequest, response?: AnyResponse) =>
      sessions.unopened(request, response).openNow();
    defineOnRequests(httpAdapter, SESSION_SERVICE, sessions, getSession);
    gateReplies(httpAdapter, {
      of: (response) => sessions.exchangeOf(response),
      beforeRender: (response) => viewHelpers(sessions, response),
    });
  }
}

/** Whether these are options, of one session or of several, and not a secret or a list of them. */
function isSessionOptions(
  first: SessionModuleOptions | SessionOptions['secret'] | undefined,
): first is SessionModuleOptions {
  const one: unknown = Array.isArray(first) ? first[0] : first;
  return typeof one === 'object' && one !== null && !ArrayBuffer.isView(one);
}
