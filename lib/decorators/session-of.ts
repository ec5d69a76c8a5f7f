import type { ExecutionContext } from '@nestjs/common';
import { httpPartsOf } from '../http/context.js';
import { SessionError } from '../session.errors.js';
import type { RequestSession } from '../session/request-session.js';
import type { SessionService } from '../session.service.js';

/** Where an application's requests lead to its service: on their prototype. */
export const SESSION_SERVICE = Symbol.for('nestjs-typed-session:service');

type WithService = { readonly [SESSION_SERVICE]?: SessionService };

/**
 * What a parameter decorator asks a session for. Nest waits where it is kept on a server.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the module was not imported
 */
export function fromSession<T>(
  context: ExecutionContext,
  read: (session: RequestSession) => T,
  name?: string,
): T | Promise<T> {
  const { request, response } = httpPartsOf(context);
  const service = (request as WithService | undefined)?.[SESSION_SERVICE];
  if (request === undefined || service === undefined) {
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `${context.getClass().name}.${context.getHandler().name} asks for the session, and there is none. Add SessionModule.forRoot(secret) to the imports of the root module; in a gateway, ask SessionService.`,
    );
  }
  const session = service.open(request, response, name);
  return session instanceof Promise ? session.then(read) : read(session);
}
