import {
  nameOf,
  type ParameterMetadata,
  ROUTE_ARGUMENTS,
  SESSION,
} from '../request/handler-needs.js';
import { fromSession, takesSession } from './session-of.js';
import type { ExecutionContext } from '@nestjs/common';

/** By which Nest knows the parameters of `createParamDecorator`. */
const CUSTOM = '__customRouteArgs__';

const factory = takesSession((_data: unknown, context: ExecutionContext) =>
  fromSession(context, (session) => session),
);

/** `@Session()` of `@nestjs/common` gives `null` in resolvers and gateways: it becomes ours there. */
export function takeSessionOfNest(owner: object, handler: object): void {
  const name = nameOf(handler, (owner as { prototype?: object }).prototype);
  if (name === undefined) return;
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, owner, name) as
    Record<string, ParameterMetadata> | undefined;
  if (parameters === undefined) return;
  const replaced = Object.entries(parameters).map(([key, parameter]) => {
    const [type, index] = key.split(':');
    return type === SESSION
      ? [`session${CUSTOM}:${index}`, { index: parameter.index, factory, pipes: [] }]
      : [key, parameter];
  });
  Reflect.defineMetadata(ROUTE_ARGUMENTS, Object.fromEntries(replaced), owner, name);
}
