export { SessionError, type SessionErrorCode } from './session.errors.js';
