import { RedisStore } from 'connect-redis';
import { expressSessionWith } from './express-session-redis.js';
import { redis } from './redis.js';

/** A session then ends a day after its last change, however much it is used. */
export default expressSessionWith(new RedisStore({ client: redis, disableTouch: true }));
