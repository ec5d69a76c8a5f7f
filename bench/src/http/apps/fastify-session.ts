import cookie from '@fastify/cookie';
import session from '@fastify/session';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type BenchApp, SECRET } from './bench-app.js';
import { PropertySessionModule } from './property-session.module.js';

/** With its memory store. */
export default {
  module: PropertySessionModule,
  async prepare(app) {
    const fastify = app as NestFastifyApplication;
    await fastify.register(cookie as never);
    await fastify.register(session, {
      secret: SECRET,
      cookie: { secure: false },
      saveUninitialized: false,
    });
  },
} satisfies BenchApp;
