/** @module nestjs-typed-session/redis */

export {
  RedisSessionRegistry,
  type RedisSessionRegistryOptions,
} from './redis-session.registry.js';
export {
  type IoRedisClient,
  type NodeRedisClient,
  type NodeRedisCluster,
  type RedisClient,
  RedisSessionStore,
  type RedisSessionStoreOptions,
} from '../stores/redis-session.store.js';
