import { isFromRouter, traceCall } from './http/adapter.js';
import type { AnyRequest, AnyResponse } from './http/request.js';
import { RequestSession } from './session/request-session.js';
import { DEFAULT_FLASH_KEY } from './session/session-values.js';
import type { SessionService } from './session.service.js';

/** What a template finds beside its own variables, as Leapkit gives it. */
export interface SessionViewHelpers {
  /**
   * The first flash of a key, `_flash` without one. Reads all of that key, as Leapkit does, and
   * says the same however often the template asks. Never throws; `''` where there is none.
   */
  flash(key?: unknown): unknown;
  /** The default session. One that its cookie carries is opened only if the template looks at it. */
  session: RequestSession;
}

type ViewResponse = AnyResponse & { readonly req?: AnyRequest; readonly request?: AnyRequest };

/**
 * Commits what the handler did, and makes the helpers for the template behind it. A template cannot
 * wait: a session that a store keeps is opened before.
 */
export function viewHelpers(
  sessions: SessionService,
  response: ViewResponse,
): SessionViewHelpers | Promise<SessionViewHelpers> {
  // Fastify's reply has `request`, Express's response `req`.
  const request = (response.request ?? response.req)!;
  const session = sessions.unopened(request, response);
  const committing = sessions
    .exchangeOf(response)
    ?.beforeRender((response as { statusCode: number }).statusCode);
  const opening = openFor(session);
  if (committing === undefined && opening === undefined) return helpersOf(session);
  return Promise.all([committing, opening]).then(() => helpersOf(session));
}

/**
 * A filter waits for nobody: what fails once it has returned would end the process. It shows its page
 * without the session, which may be the very page that says that the store is away.
 */
function openFor(session: RequestSession): Promise<unknown> | undefined {
  const opening = session.openForView();
  if (opening === undefined || isFromRouter(traceCall())) return opening;
  return opening.catch(() => session.openEmpty());
}

function helpersOf(session: RequestSession): SessionViewHelpers {
  showValues(session);
  const shown = new Map<string, unknown>();
  return {
    flash(key) {
      // Handlebars calls a helper without an argument with its own options.
      const name = typeof key === 'string' ? key : DEFAULT_FLASH_KEY;
      if (!shown.has(name)) shown.set(name, session.flashes(name)[0] ?? '');
      return shown.get(name);
    },
    session,
  };
}

/** Engines such as Handlebars show own properties only, as a guard against what is inherited. */
function showValues(session: RequestSession): void {
  const inherited = Reflect.getOwnPropertyDescriptor(RequestSession.prototype, 'values');
  Object.defineProperty(session, 'values', { ...inherited, enumerable: true });
}
