import {
  type ArgumentsHost,
  Inject,
  Injectable,
  type OnModuleDestroy,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';
import { CookieBackend } from '../backends/cookie-backend.js';
import { StoreBackend } from '../backends/store-backend.js';
import { httpPartsOf } from '../http/context.js';
import {
  type AnyRequest,
  type AnyResponse,
  rawRequest,
  rawResponse,
  responseOf,
} from '../http/request.js';
import { hookOf } from '../http/response-hook.js';
import { warnOfEndlessAdoption } from '../options/adopt.options.js';
import { MODULE_OPTIONS_TOKEN, ProvidedOptions } from '../options/module-definition.js';
import { refuseWeakSecrets } from '../options/secret-strength.js';
import { warnOfMisspeltPrefix } from '../options/cookie-name.js';
import { resolveOptions, type SessionModuleOptions } from '../options/session.options.js';
import { SessionError } from '../session.errors.js';
import { SecretRefresh } from './secret-refresh.js';
import type { SessionOwner } from '../session/sign-in.js';
import { currentSessions } from './current-sessions.js';
import { RequestSessions } from './request-sessions.js';

/** Under which a request leads to the backends of its application. */
export const SESSION_BACKENDS = Symbol.for('nestjs-typed-session:backends');

/** The backends of an application, by the names of their sessions, and the sessions of its requests. */
@Injectable()
export class SessionBackends implements OnModuleInit, OnModuleDestroy {
  // Private to the language, so that no log shows what a request leads to: secrets and sessions.
  readonly #byName: ReadonlyMap<string, CookieBackend | StoreBackend>;
  readonly #default: CookieBackend | StoreBackend;
  /** Whether handlers run where `SessionService.list` finds the session that asks. */
  tracksCurrent: boolean;
  private readonly refreshes: SecretRefresh[] = [];
  /** By what the guards, the interceptors and the handler of a message share. */
  readonly #messages = new WeakMap<object, RequestSessions>();

  /** @throws SessionError `SESSION_CONFIG` */
  constructor(
    @Optional()
    @Inject(MODULE_OPTIONS_TOKEN)
    options: SessionModuleOptions | ProvidedOptions | undefined,
  ) {
    const given = options instanceof ProvidedOptions ? options.reveal() : options;
    if (given === undefined) refuseMissingOptions();
    const resolved = resolveOptions(given);
    refuseWeakSecrets(resolved);
    resolved.forEach(warnOfMisspeltPrefix);
    resolved.forEach(warnOfEndlessAdoption);
    const backends = resolved.map((one) =>
      one.storage === undefined ? new CookieBackend(one) : new StoreBackend(one, one.storage),
    );
    this.#byName = new Map(backends.map((backend) => [backend.options.name, backend]));
    this.#default = backends[0]!;
    this.tracksCurrent = backends.some(({ owned }) => owned !== undefined);
  }

  /** The backend of the first session. */
  get default(): CookieBackend | StoreBackend {
    return this.#default;
  }

  /** The backends of all sessions, in the order of the options. */
  get all(): readonly (CookieBackend | StoreBackend)[] {
    return [...this.#byName.values()];
  }

  /** Loads what the adopters need. @throws SessionError `SESSION_CONFIG` where a package is missing */
  async onModuleInit(): Promise<void> {
    const backends = [...this.#byName.values()];
    for (const backend of backends) {
      const { secretSource } = backend.options;
      if (secretSource !== undefined) this.refreshes.push(new SecretRefresh(backend, secretSource));
    }
    await Promise.all(backends.map(async ({ adoption }) => adoption?.prepare()));
  }

  onModuleDestroy(): void {
    for (const refresh of this.refreshes.splice(0)) refresh.stop();
  }

  /** @throws SessionError `SESSION_UNAVAILABLE` where no session has that name */
  named(name: string | undefined): CookieBackend | StoreBackend {
    if (name === undefined) return this.#default;
    const backend = this.#byName.get(name);
    if (backend !== undefined) return backend;
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `No session is named '${name}'. SessionModule knows: ${[...this.#byName.keys()].join(', ')}.`,
    );
  }

  /** Who is signed in with the session of the handler that runs now. */
  currentOwner(name: string | undefined): SessionOwner | undefined {
    const current = currentSessions.getStore();
    return current?.backends === this ? current.session(name).live.signIn?.owner : undefined;
  }

  /** The sessions of the request on which a context stands; `undefined` where it stands on none. */
  ofContext(context: ArgumentsHost): RequestSessions | undefined {
    const { request, response, socket } = httpPartsOf(context);
    if (socket !== undefined) return this.ofMessage(messageOf(context), socket);
    return request === undefined ? undefined : this.ofRequest(request, response);
  }

  /** The sessions of a request: the same whenever they are asked for. */
  ofRequest(request: AnyRequest, response: AnyResponse | undefined): RequestSessions {
    const hook = hookOf(rawRequest(request));
    for (const listener of hook.listeners) {
      if (listener instanceof RequestSessions && listener.backends === this) {
        return listener.isDetached ? this.attached(listener, request, response) : listener;
      }
    }
    const sessions = new RequestSessions(request, this);
    hook.listeners.push(sessions);
    return this.attached(sessions, request, response);
  }

  private attached(
    sessions: RequestSessions,
    request: AnyRequest,
    response = responseOf(request),
  ): RequestSessions {
    if (response !== undefined) sessions.attach(rawResponse(response), hookOf(rawRequest(request)));
    return sessions;
  }

  /** A message reads its sessions anew: its request, the handshake, was answered long ago. */
  private ofMessage(message: object, handshake: AnyRequest): RequestSessions {
    let sessions = this.#messages.get(message);
    if (sessions === undefined) {
      sessions = new RequestSessions(handshake, this);
      this.#messages.set(message, sessions);
    }
    return sessions;
  }
}

function refuseMissingOptions(): never {
  throw new SessionError(
    'SESSION_CONFIG',
    'SessionModule was given no options. Import SessionModule.forRoot(secret) in the root module, not SessionModule alone; it is global, and other modules need not import it. A factory of SessionModule.forRootAsync must return the options.',
  );
}

/** What the guards, the interceptors and the handler of one message on a socket share. */
function messageOf(context: ArgumentsHost): object {
  const args = context.getArgs<unknown[]>();
  // In GraphQL each operation has a context of its own.
  return context.getType<string>() === 'graphql' ? (args[2] as object) : args;
}
