import type { Session, SessionData } from '../session/session.js';

/**
 * A request of Express or Fastify with its `session`, which neither type knows. It replaces the one
 * that `@types/express-session` declares.
 *
 * @example
 * ```ts
 * @Get()
 * home(@Req() request: RequestWithSession<Request>) { return request.session.get('user'); }
 * ```
 */
export type RequestWithSession<R extends object, T extends object = SessionData> = Omit<
  R,
  'session'
> & { readonly session: Session<T> };
