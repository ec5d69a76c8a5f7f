import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { fromSession, takesSession } from './session-of.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Gives a handler the flashes of a key and removes them. The key is `_flash` by default.
 *
 * @example
 * ```ts
 * @Get('notices')
 * notices(@Flashes() notices: string[], @Flashes('error') errors: string[]) {}
 * ```
 */
export const Flashes: (key?: string, ...pipes: Pipe[]) => ParameterDecorator = createParamDecorator<
  string | undefined
>(
  takesSession((key: string | undefined, context: ExecutionContext) =>
    fromSession(context, (session) => session.flashes(key)),
  ),
);
