/** @module nestjs-typed-session/keyv */

export { KeyvSessionRegistry } from './keyv-session.registry.js';
export {
  type KeyvLike,
  KeyvSessionStore,
  type SerialSessionStoreOptions,
} from '../stores/keyv-session.store.js';
