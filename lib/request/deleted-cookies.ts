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

/** Ends such sessions that had to be opened first. @throws SessionError where one could not be opened */
export async function endDeletedOnceOpen(
  opening: readonly BackedSession[],
  response: ServerResponse,
): Promise<void> {
  await Promise.allSettled(opening.map(async ({ live }) => live.open()));
  for (const one of opening) {
    // Nobody may be told that a session has ended that its store could not be asked for.
    if (deletesCookie(response, one.name)) await one.live.open();
  }
  endDeleted(opening, response);
}
