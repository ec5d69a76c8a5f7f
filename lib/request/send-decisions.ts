import type { ServerResponse } from 'node:http';
import type { Decision } from '../backends/decision.js';
import {
  addSetCookies,
  appendSetCookie,
  forbidSharedCaching,
  varyByCookie,
} from '../http/response-headers.js';

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
  for (const decision of decisions) {
    const { backend, cookie, deletions = [], oldDeletions = [], events, onSent } = decision;
    if (cookie !== undefined) {
      dependsOnCookie = true;
      appendSetCookie(response, backend.options.name, [...deletions, cookie]);
      forbidSharedCaching(response);
    }
    if (oldDeletions.length > 0) {
      addSetCookies(response, oldDeletions);
      forbidSharedCaching(response);
    }
    for (const { kind, id, ...more } of events) backend.publish(kind, id, more);
    if (!response.destroyed) onSent?.();
  }
  if (dependsOnCookie) varyByCookie(response);
}
