import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { fromSession, takesSession } from './session-of.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Hands one value of the default session to a handler, through pipes if any are given.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@SessionValue('user') user?: User) {}
 * ```
 */
export const SessionValue: (key: string, ...pipes: Pipe[]) => ParameterDecorator =
  createParamDecorator<string>(
    takesSession((key: string, context: ExecutionContext) =>
      fromSession(context, (session) => session.get(key)),
    ),
  );
