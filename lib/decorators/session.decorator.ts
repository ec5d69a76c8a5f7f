import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session as SessionOf, SessionData } from '../session/session.js';
import { fromSession, takesSession } from './session-of.js';

/**
 * Hands the session to a handler: the default one, or the one of a name.
 *
 * @example
 * ```ts
 * @Post('sign-in')
 * signIn(@Session() ss: Session, @Session('admin') admin: Session) {}
 * ```
 *
 * @throws SessionError `SESSION_UNAVAILABLE` where the module was not imported, or no session
 * has that name
 */
export const Session: (name?: string) => ParameterDecorator = createParamDecorator<
  string | undefined
>(
  takesSession(
    (name: string | undefined, context: ExecutionContext) =>
      fromSession(context, (session) => session, name),
    true,
  ),
);

/** The type of what `@Session()` hands over. `T` is its shape, by default `SessionData`. */
export type Session<T extends object = SessionData> = SessionOf<T>;
