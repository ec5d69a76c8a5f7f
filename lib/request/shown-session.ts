import type { AnyRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';

/**
 * Looks at `request.session` for a handler that takes the request too: the request has it as its own
 * property since then, and a `delete` of it is told.
 *
 * @param opening what has to be waited for before
 */
export function showAfter(
  opening: Promise<void> | undefined,
  request: AnyRequest,
): Promise<void> | undefined {
  const show = () => void (request as { session?: unknown }).session;
  return opening === undefined ? show() : opening.then(show);
}

/**
 * How one signs out of other libraries. Here it would change nothing, in silence.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function refuseAssignment(assigned: unknown): never {
  throw new SessionError(
    'SESSION_CONFIG',
    `request.session was set to ${assigned === null ? 'null' : `a value (${typeof assigned})`}, which ends no session. To end it: await request.session.destroy(). To change it: request.session.set(key, value). Where another library keeps its own session there, give SessionModule the option requestSession: false.`,
  );
}

/**
 * As `refuseAssignment`, at the commit: nobody is told of a `delete` when it is done.
 *
 * @param request that has had `request.session` as its own property
 * @throws SessionError `SESSION_CONFIG` where it has it no more
 */
export function refuseDeletion(request: AnyRequest | undefined): void {
  if (request === undefined || Object.hasOwn(request, 'session')) return;
  throw new SessionError(
    'SESSION_CONFIG',
    'request.session was deleted, which ends no session. To end it: await request.session.destroy().',
  );
}
