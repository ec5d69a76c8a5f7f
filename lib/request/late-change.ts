import type { ServerResponse } from 'node:http';
import { type AnyRequest, describeRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';

/**
 * The error of a change that can reach no client any more.
 *
 * @param isDetached whether there was no response from the beginning
 * @param leftAt where the headers left, if not with Nest's own reply
 */
export function lateChange(
  request: AnyRequest,
  isDetached: boolean,
  leftAt: Error | undefined,
): SessionError {
  if (isDetached) {
    return new SessionError(
      'SESSION_HEADERS_SENT',
      `This session was opened without a response that could carry a change. Hand it over too: sessions.get(request, response). A gateway has none: there a session can only be read, or, where a store keeps it, be changed with save().`,
    );
  }
  const where = describeRequest(request);
  const left =
    leftAt === undefined
      ? `with what Nest answered to ${where}`
      : `${callerOf(leftAt)}, in ${where}`;
  return new SessionError(
    'SESSION_HEADERS_SENT',
    `A session was changed after the headers that carry its cookie had left ${left}. Change it before, for what comes after cannot reach the client. (Where a store keeps the session, save() keeps it still.)`,
    { cause: leftAt },
  );
}

/** Where the application sends a response, for people to find. */
export function leavingHere(response: ServerResponse): Error {
  const left = new Error('The headers left here.');
  // The frames above the call, which are Node's and ours, tell nobody anything.
  for (const method of ['end', 'write', 'flushHeaders', 'writeHead'] as const) {
    Error.captureStackTrace(left, response[method]);
    if (left.stack?.includes('\n') === true) break;
  }
  return left;
}

/** The innermost place of the application in a stack, for people to find. */
function callerOf(left: Error): string {
  const frames = (left.stack ?? '').split('\n').slice(1);
  return frames.find((frame) => !/node:|node_modules/.test(frame))?.trim() ?? 'before';
}
