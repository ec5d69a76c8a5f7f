import { RedisSessionRegistry } from 'nestjs-typed-session/redis';
import { redis } from './redis.js';
import { signedInWith } from './signed-in.js';

export default signedInWith({ registry: new RedisSessionRegistry(redis) });
