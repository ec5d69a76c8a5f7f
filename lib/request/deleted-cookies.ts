import type { ServerResponse } from 'node:http';
import type { BackedSession } from '../backends/backed-session.js';
import { deletesCookie } from '../http/response-headers.js';

/** Ends the sessions whose cookies the application deletes by itself. */
export function endDeleted(sessions: readonly BackedSession[], response: ServerResponse): void {
  if (!response.hasHeader('set-cookie')) return;
  for (const one of sessions) {
    if (one.isOpen && deletesCookie(response, one.name)) one.end();
  }
}
