import type { AnyRequest } from '../http/request.js';
import type { BackedSession } from './backed-session.js';
import type { ResponseState } from './response-state.js';
import { CookieBackedSession } from './cookie-backed-session.js';
import { CookieBackend } from './cookie-backend.js';
import { StoreBackedSession } from './store-backed-session.js';
import type { StoreBackend } from './store-backend.js';

/** Any of the places where a session may live. */
export type SessionBackendOf = CookieBackend | StoreBackend;

/** The session of a request, wherever its backend keeps it. */
export function openSession(
  backend: SessionBackendOf,
  request: AnyRequest,
  response: ResponseState,
): BackedSession {
  return backend instanceof CookieBackend
    ? new CookieBackedSession(backend, request, response)
    : new StoreBackedSession(backend, request, response);
}
