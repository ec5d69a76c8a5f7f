/** @module nestjs-typed-session/testing */

export { createSession, type CreateSessionOptions, type TestSession } from './create-session.js';
export type { AnyTestResponse } from './responses.js';
export { type SeenEvent, type SeenEvents, seenEvents } from './seen-events.js';
export { SessionAgent } from './session-agent.js';
export { type SessionClock, sessionClock } from './session-clock.js';
export {
  sessionCookie,
  type SessionCookieOfOptions,
  sessionOf,
  type SessionOfOptions,
} from './session-cookie.js';
export {
  describeSessionRegistry,
  type DescribeSessionRegistryOptions,
  describeSessionStore,
  type DescribeSessionStoreOptions,
  type SessionRegistryFactory,
  type SessionStoreFactory,
} from './stores/store-suite.js';
