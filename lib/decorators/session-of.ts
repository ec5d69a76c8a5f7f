import type { ExecutionContext } from '@nestjs/common';
import { SessionError } from '../session.errors.js';
import type { Session } from '../session.js';
import type { SessionService } from '../session.service.js';

/** Where an application's requests lead to its service: on their prototype. */
export const SESSION_SERVICE = Symbol.for('nestjs-typed-session:service');

/**
 * The session that a parameter decorator asks for.
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the module was not imported
 */
export function sessionOf(context: ExecutionContext, name?: string): Session {
  const isGraphql = context.getType<string>() === 'graphql';
  const [request, response] = isGraphql ? graphqlParts(context) : context.getArgs<unknown[]>();
  const service = (request as { [SESSION_SERVICE]?: SessionService } | undefined)?.[
    SESSION_SERVICE
  ];
  if (service === undefined) {
    throw new SessionError(
      'SESSION_UNAVAILABLE',
      `${context.getClass().name}.${context.getHandler().name} asks for the session, and there is none. Add SessionModule.forRoot(secret) to the imports of the root module; in a gateway, ask SessionService.`,
    );
  }
  return service.open(request as never, response as never, name) as unknown as Session;
}

function graphqlParts(context: ExecutionContext): unknown[] {
  const { req, res, request, reply } = context.getArgByIndex<Record<string, { res?: unknown }>>(2);
  const found = req ?? request;
  return [found, res ?? reply ?? found?.res];
}
