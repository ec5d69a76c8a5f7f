/**
 * An application of its own process, on the built library, whose store can be held while it writes:
 * `node slow-process.mjs ADAPTER PORT STORE URL`.
 */
import { KeyvPostgres } from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { callbackify, promisify } from 'node:util';
import { Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { Keyv } from 'keyv';
import { Session, SessionModule } from 'nestjs-typed-session';
import { ExpressSessionStore } from 'nestjs-typed-session/express-session';
import { KeyvSessionStore } from 'nestjs-typed-session/keyv';
import pg from 'pg';

const [adapter, port, kind, url] = process.argv.slice(2);

function latch() {
  const own = { isReached: false };
  own.reached = new Promise((resolve) => (own.arrive = resolve));
  own.opened = new Promise((resolve) => (own.open = resolve));
  own.wait = () => {
    own.arrive();
    return own.opened;
  };
  return own;
}

/** The next write waits at `before`, reaches the backend, and waits for its answer at `after`. */
let held;
let handler = latch();

/** Only the write of a session, not the mark that a removal leaves. */
const SESSION_KEY = /(^|[^\w-])[\w-]{43}$/;

async function slowly(key, write) {
  const own = SESSION_KEY.test(key) ? held : undefined;
  if (own === undefined) return write();
  held = undefined;
  await own.before.wait();
  try {
    return await write();
  } finally {
    await own.after.wait();
  }
}

function keyvOn(backend) {
  const set = backend.set.bind(backend);
  backend.set = (key, ...rest) => slowly(key, () => set(key, ...rest));
  return new KeyvSessionStore(new Keyv(backend, { namespace: 'session' }));
}

const stores = {
  'keyv-postgres': () => keyvOn(new KeyvPostgres({ uri: url })),
  'keyv-redis': () => keyvOn(new KeyvRedis(url)),
  'connect-pg-simple': () => {
    const PgStore = connectPgSimple(session);
    const pool = new pg.Pool({ connectionString: url });
    const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    const set = store.set.bind(store);
    const write = callbackify((key, value) => slowly(key, () => promisify(set)(key, value)));
    store.set = (key, value, done) => write(key, value, done);
    return new ExpressSessionStore(store);
  },
};

let current;

class SlowController {
  begin(ss) {
    ss.set('user', 'ada');
  }
  read(ss) {
    return { values: ss.values };
  }
  set(ss) {
    ss.set('late', true);
    return { user: ss.get('user') };
  }
  async slowSet(ss) {
    const user = ss.get('user');
    await handler.wait();
    ss.set('late', true);
    return { user };
  }
  async slowRead(ss) {
    const user = ss.get('user');
    await handler.wait();
    return { user };
  }
  destroy(ss) {
    return ss.destroy();
  }
  regenerate(ss) {
    return ss.regenerate();
  }
  hold() {
    current = held = { before: latch(), after: latch() };
    handler = latch();
  }
  reachedWrite() {
    return current.before.reached;
  }
  letWrite() {
    current.before.open();
    return current.after.reached;
  }
  letAnswer() {
    current.after.open();
  }
  reachedHandler() {
    return handler.reached;
  }
  letHandler() {
    held = undefined;
    handler.open();
  }
}

for (const method of Object.getOwnPropertyNames(SlowController.prototype)) {
  if (method === 'constructor') continue;
  const { prototype } = SlowController;
  Get(method)(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
  if (prototype[method].length > 0) Session()(prototype, method, 0);
}
Controller()(SlowController);

const root = {
  module: SlowController,
  imports: [
    SessionModule.forRoot('a secret for tests of more than thirty-two bytes', 'sid', {
      store: stores[kind](),
      storeTimeout: '60s',
    }),
  ],
  controllers: [SlowController],
};
const app = await NestFactory.create(
  root,
  adapter === 'Fastify' ? new FastifyAdapter() : new ExpressAdapter(),
  { logger: ['error'] },
);
app.getHttpServer().keepAliveTimeout = 30_000;
await app.listen(Number(port), '127.0.0.1');
console.log('listening');
