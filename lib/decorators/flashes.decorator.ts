import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { fromSession, takesSession } from './session-of.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Hands the flashes of a key to a handler and removes them; those without a key by default.
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
