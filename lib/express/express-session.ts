import { Logger } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnyRequest, rawRequest } from '../http/request.js';
import type { RequestSessions } from '../request/request-sessions.js';
import type { SessionBackends } from '../request/session-backends.js';
import { SessionError } from '../session.errors.js';
import type { RequestSession } from '../session/request-session.js';
import { ExpressSessionFace } from './express-session-face.js';

/** Connect's middleware, as Express and Fastify's @fastify/middie run it. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** `req.session` of one request, as long as it is express-session's. */
interface Holder {
  /** `undefined` after `destroy`, as in express-session. */
  face: object | undefined;
}

/** On Node's request, where the wrapper of Fastify finds it too. */
const HOLDER = Symbol('express-session');

type HoldingRequest = IncomingMessage & { [HOLDER]?: Holder };

/**
 * The middleware behind `SessionService.asExpressSession()`. It opens the session first: whoever asks
 * for `req.session` then cannot wait.
 */
export function expressSession(backends: SessionBackends): ExpressMiddleware {
  return (request, response, next) => {
    let opening: Promise<void> | undefined;
    try {
      const sessions = backends.ofRequest(request, response);
      const { live, session } = sessions.session();
      define(request, response, sessions, session);
      opening = live.openIfSlow();
    } catch (error) {
      next(error);
      return;
    }
    if (opening === undefined) next();
    // oxlint-disable-next-line promise/no-callback-in-promise -- what `next` throws is not the store's
    else opening.then(() => next(), next);
  };
}

/**
 * What `request.session` is behind that middleware.
 *
 * @returns `undefined` where the request did not pass it
 */
export function expressSessionOf(request: AnyRequest): Holder | undefined {
  return (rawRequest(request) as HoldingRequest)[HOLDER];
}

function define(
  request: HoldingRequest,
  response: ServerResponse,
  sessions: RequestSessions,
  session: RequestSession,
): void {
  if (request[HOLDER] !== undefined) return;
  const holder: Holder = { face: undefined };
  const renew = () => {
    holder.face = new ExpressSessionFace(request, session, {
      renew,
      end: () => void (holder.face = undefined),
      failed(error) {
        // A callback that throws has nobody above it: its request fails, and no process ends.
        if (response.headersSent) new Logger('Session').error(error);
        else sessions.fail(error);
      },
    }).proxy;
  };
  renew();
  request[HOLDER] = holder;
  Object.defineProperties(request, {
    session: { configurable: true, get: () => holder.face, set: refuseAssignment },
    sessionID: { configurable: true, get: () => session.id },
  });
}

function refuseAssignment(): never {
  throw new SessionError(
    'SESSION_CONFIG',
    'request.session was assigned to, which changes nothing. To end the session: request.session.destroy(callback).',
  );
}
