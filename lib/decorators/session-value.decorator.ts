import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { fromSession, takesSession } from './session-of.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Gives a handler one value of the default session. Pipes may follow the key.
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
