import cookie from '@fastify/cookie';
import session from '@fastify/session';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisStore } from 'connect-redis';
import { type BenchApp, SECRET } from './bench-app.js';
import { PropertySessionModule } from './property-session.module.js';
import { redis } from './redis.js';

/** By default a session is rolling, that is written in each request. */
export default fastifySessionWith({});

export function fastifySessionWith(options: { rolling?: boolean }): BenchApp {
  return {
    module: PropertySessionModule,
    async prepare(app) {
      const fastify = app as NestFastifyApplication;
      await fastify.register(cookie as never);
      await fastify.register(session, {
        secret: SECRET,
        cookie: { secure: false },
        saveUninitialized: false,
        store: new RedisStore({ client: redis }) as never,
        ...options,
      });
    },
  };
}
