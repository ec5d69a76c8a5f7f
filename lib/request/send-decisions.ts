import type { ServerResponse } from 'node:http';
import type { Decision } from '../backends/backed-session.js';
import { appendSetCookie, forbidSharedCaching, varyByCookie } from '../http/response-headers.js';

/**
 * Puts into the headers what was decided, and tells the events of it.
 *
 * @param isUsed whether the answer depends on a session, though none is sent
 */
export function sendDecisions(
  response: ServerResponse,
  decisions: readonly Decision[],
  isUsed: boolean,
): void {
  let dependsOnCookie = isUsed;
  for (const { backend, cookie, deletions = [], events } of decisions) {
    if (cookie !== undefined) {
      dependsOnCookie = true;
      appendSetCookie(response, backend.options.name, [...deletions, cookie]);
      forbidSharedCaching(response);
    }
    for (const { kind, id } of events) backend.publish(kind, id);
  }
  if (dependsOnCookie) varyByCookie(response);
}
