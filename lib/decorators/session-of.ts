import type { ExecutionContext } from '@nestjs/common';
import { httpPartsOf } from '../http/context.js';
import { SessionError } from '../session.errors.js';
import type { Session } from '../session.js';
import type { SessionService } from '../session.service.js';

/** Where an application's requests lead to its service: on their prototype. */
export const SESSION_SERVICE = Symbol.for('nestjs-typed-session:service');

type WithService = { readonly [SESSION_SERVICE]?: SessionService };

/**
 * The session that a parameter decorator asks for.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the module was not imported
 */
export function sessionOf(
  context: ExecutionContext,
  name?: string,
): Session<Record<string, unknown>> {
  const { request, response } = httpPartsOf(context);
  const service = (request as WithService | undefined)?.[SESSION_SERVICE];
  if (request === undefined || service === undefined) {
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `${context.getClass().name}.${context.getHandler().name} asks for the session, and there is none. Add SessionModule.forRoot(secret) to the imports of the root module; in a gateway, ask SessionService.`,
    );
  }
  return service.open(request, response, name) as unknown as Session<Record<string, unknown>>;
}
