/** @module nestjs-typed-session */

export { Flashes } from './decorators/flashes.decorator.js';
export { Session } from './decorators/session.decorator.js';
export { SessionType } from './decorators/session-type.decorator.js';
export { SessionValue } from './decorators/session-value.decorator.js';
export { RequireFresh } from './decorators/require-fresh.decorator.js';
export { SessionError, type SessionErrorCode } from './session.errors.js';
export type {
  SessionEvent,
  SessionEventKind,
  SessionRejectReason,
  SessionStoreOperation,
} from './session.events.js';
export type { SessionAdoptOptions } from './options/adopt.options.js';
export type { Duration } from './options/duration.js';
export type { ExpressMiddleware } from './express/express-session.js';
export type { RequestWithSession } from './express/request-with-session.js';
export { SessionModule } from './session.module.js';
export type {
  CommitPolicy,
  SessionCookieOptions,
  SessionModuleOptions,
  SessionOptions,
  SessionOptionsFactory,
} from './options/session.options.js';
export type { SecretSource, SessionSecret } from './options/secret.options.js';
export type { SessionLimits, SessionTransformOptions } from './options/value.options.js';
export { SessionInterceptor } from './session.interceptor.js';
export type {
  EndAllOptions,
  ListedSession,
  ListOptions,
  SealOptions,
} from './request/signed-in-sessions.js';
export { SessionService } from './session.service.js';
export type { SessionData } from './session/session.js';
export type { RegenerateOptions } from './session/sign-in.js';
export type { SessionRegistryOptions } from './options/registry.options.js';
export { MemorySessionRegistry } from './registry/memory-session.registry.js';
export type { Answer, RegisteredSession, SessionRegistry } from './registry/session-registry.js';
export type { SessionStoreOptions } from './options/store.options.js';
export {
  MemorySessionStore,
  type MemorySessionStoreOptions,
} from './stores/memory-session.store.js';
export { type SessionStore, type StoredSession, UNREADABLE } from './stores/session-store.js';
export type { StandardSchema } from './values/standard-schema.js';
export type { SessionTypeIssue } from './values/type-check.js';
export type { SessionTypeOptions, SessionTypeUpgrade } from './values/type-options.js';
export { registerSessionType, registerSessionTypes } from './values/type-registry.js';
