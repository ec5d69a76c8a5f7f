import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import { redis } from './redis.js';
import { signedInWith } from './signed-in.js';

/** Store and registry by one client. */
export default signedInWith({
  store: new RedisSessionStore(redis),
  registry: new RedisSessionRegistry(redis),
});
