import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Session as SessionOf, SessionData } from '../session/session.js';
import { fromSession, takesSession } from './session-of.js';

/**
 * Gives a handler its session: the default one, or the one of a name.
 *
 * @example
 * ```ts
 * @Post('sign-in')
 * signIn(@Session() ss: Session, @Session('admin') admin: Session) {}
 * ```
 *
 * @throws SessionError `SESSION_UNAVAILABLE` if the module is not imported, or if no session has that
 * name
 */
export const Session = (name?: string): ParameterDecorator => {
  const decorate = takeSession(name);
  return (target, method, index) => {
    decorate(target, method, index);
    const types = Reflect.getMetadata('design:paramtypes', target, method!) as
      unknown[] | undefined;
    // The name is this function's too, and a ValidationPipe would take it for the class to make.
    if (types?.[index] === Session) types[index] = Object;
  };
};

const takeSession = createParamDecorator<string | undefined>(
  takesSession(
    (name: string | undefined, context: ExecutionContext) =>
      fromSession(context, (session) => session, name),
    true,
  ),
);

/**
 * A session, as a handler gets it from `@Session()`. You do not save it: the module commits its changes
 * before the response leaves.
 *
 * @typeParam T the values of this one session. Default: `SessionData`
 * @interface
 */
export type Session<T extends object = SessionData> = SessionOf<T>;
