/** @module nestjs-typed-session/adopt */

export type { AdopterOptions, OldValues } from './adopter-options.js';
export { type CookieSessionAdopterOptions, fromCookieSession } from './from-cookie-session.js';
export { type ExpressSessionAdopterOptions, fromExpressSession } from './from-express-session.js';
export { type FastifySessionAdopterOptions, fromFastifySession } from './from-fastify-session.js';
export { fromGorilla, type GorillaAdopterOptions } from './from-gorilla.js';
export { fromIronSession, type IronSessionAdopterOptions } from './from-iron-session.js';
export { fromSecureSession, type SecureSessionAdopterOptions } from './from-secure-session.js';
export type { GorillaType, GorillaTypes } from './gorilla/gorilla-types.js';
export type { GorillaKey, GorillaKeys } from './gorilla/secure-cookie.js';
export type { OldSessionStore } from './old-store.js';
export type {
  AdoptedSession,
  CookieReader,
  OldCookie,
  SessionAdopter,
} from '../options/session-adopter.js';
export { type GorillaWriter, type GorillaWriterOptions, toGorilla } from './to-gorilla.js';
