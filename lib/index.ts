export { Flashes } from './decorators/flashes.decorator.js';
export { Session } from './decorators/session.decorator.js';
export { SessionType } from './decorators/session-type.decorator.js';
export { SessionValue } from './decorators/session-value.decorator.js';
export { SessionError, type SessionErrorCode } from './session.errors.js';
export type {
  SessionEvent,
  SessionEventKind,
  SessionRejectReason,
  SessionStoreOperation,
} from './session.events.js';
export { SessionModule } from './session.module.js';
export type {
  CommitPolicy,
  Duration,
  SessionCookieOptions,
  SessionModuleOptions,
  SessionOptions,
  SessionOptionsFactory,
} from './session.options.js';
export { type SealOptions, SessionService } from './session.service.js';
export type { SessionData } from './session.js';
export {
  MemorySessionStore,
  type MemorySessionStoreOptions,
} from './stores/memory-session.store.js';
export type { SessionStore, StoredSession } from './stores/session-store.js';
export {
  registerSessionType,
  registerSessionTypes,
  type SessionTypeOptions,
} from './values/type-registry.js';
