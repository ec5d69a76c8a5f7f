import type { ExecutionContext } from '@nestjs/common';
import { httpPartsOf, SOCKET_WITHOUT_REQUEST } from '../http/context.js';
import { currentSessions } from '../request/current-sessions.js';
import { TAKES_SESSION } from '../request/handler-needs.js';
import type { RequestSessions } from '../request/request-sessions.js';
import { SESSION_BACKENDS, type SessionBackends } from '../request/session-backends.js';
import { SessionError } from '../session.errors.js';
import type { RequestSession } from '../session/request-session.js';

/** Marks the factory of a parameter decorator. @param isNamed whether its data is the session's name */
export function takesSession<F extends object>(factory: F, isNamed = false): F {
  return Object.assign(factory, { [TAKES_SESSION]: { isNamed } });
}

/**
 * What a parameter decorator reads of a session. The interceptor has opened it; where there is none
 * Nest waits.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the module was not imported
 */
export function fromSession<T>(
  context: ExecutionContext,
  read: (session: RequestSession) => T,
  name?: string,
): T | Promise<T> {
  const sessions = sessionsOf(context);
  if (sessions === undefined) {
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `${context.getClass().name}.${context.getHandler().name} asks for the session, and there is none. ${remedyFor(context.getType<string>())}`,
    );
  }
  const session = sessions.session(name).open();
  return session instanceof Promise ? session.then(read) : read(session);
}

function remedyFor(type: string): string {
  if (type === 'rpc') {
    return 'A message of a microservice comes with no HTTP request, and so with no session: hand over what the handler needs in the message.';
  }
  return `Add SessionModule.forRoot(secret) to the imports of the root module.${type === 'ws' ? ` ${SOCKET_WITHOUT_REQUEST}` : ''}`;
}

type WithBackends = { readonly [SESSION_BACKENDS]?: SessionBackends };

function sessionsOf(context: ExecutionContext): RequestSessions | undefined {
  const current = context.getType() === 'http' ? undefined : currentSessions.getStore();
  if (current !== undefined) return current;
  const { request, response } = httpPartsOf(context);
  const backends = (request as WithBackends | undefined)?.[SESSION_BACKENDS];
  return backends?.ofRequest(request!, response);
}
