import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { type BenchApp, SECRET } from './bench-app.js';
import { PropertySessionModule } from './property-session.module.js';
import { redis } from './redis.js';

/** As connect-redis shows it: a session that was not changed is touched in each request. */
export default expressSessionWith(new RedisStore({ client: redis }));

export function expressSessionWith(store: RedisStore): BenchApp {
  return {
    module: PropertySessionModule,
    prepare(app) {
      app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store }));
    },
  };
}
