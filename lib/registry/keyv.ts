/** What `nestjs-typed-session/keyv` exports. */
export {
  type KeyvLike,
  KeyvSessionStore,
  type SerialSessionStoreOptions,
} from '../stores/keyv-session.store.js';
