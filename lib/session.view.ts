import type { AnyRequest, AnyResponse } from './http/request.js';
import type { SessionBackends } from './request/session-backends.js';
import { RequestSession } from './session/request-session.js';
import { DEFAULT_FLASH_KEY } from './session/session-values.js';

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
 * Renders a template that finds the helpers beside its variables.
 *
 * The interceptor has opened what may take waiting. Where a filter or an application renders without it,
 * the page waits for the store; where that fails, the page shows no session; and where the page
 * itself fails then, nobody is left to be told, so the response becomes a plain error.
 */
export function renderWithSession(
  backends: SessionBackends,
  response: ViewResponse,
  render: (helpers: SessionViewHelpers) => unknown,
): unknown {
  // Fastify's reply has `request`, Express's response `req`.
  const sessions = backends.ofRequest((response.request ?? response.req)!, response);
  const { live, session } = sessions.session();
  const opening = live.openIfSlow();
  if (opening === undefined) return render(helpersOf(session));
  return opening
    .catch(() => live.openEmpty())
    .then(() => render(helpersOf(session)))
    .catch((error: unknown) => sessions.fail(error));
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
