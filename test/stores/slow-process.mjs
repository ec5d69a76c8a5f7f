/**
 * A process with an application, on the built library, for each of some stores. Each store can be held
 * while it writes: `node slow-process.mjs ADAPTER [STORE URL PORT]...`.
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

const [adapter, ...given] = process.argv.slice(2);

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

/** Only the write of a session, not the mark that a removal leaves. */
const SESSION_KEY = /(^|[^\w-])[\w-]{43}$/;

/** What a test holds of one application. */
class Holds {
  handler = latch();
  /** The next write waits at `before`, reaches the backend, and waits for its answer at `after`. */
  held = undefined;
  current = undefined;

  renew() {
    this.current = this.held = { before: latch(), after: latch() };
    this.handler = latch();
  }

  async slowly(key, write) {
    const own = SESSION_KEY.test(key) ? this.held : undefined;
    if (own === undefined) return write();
    this.held = undefined;
    await own.before.wait();
    try {
      return await write();
    } finally {
      await own.after.wait();
    }
  }
}

function keyvOn(backend, holds) {
  const set = backend.set.bind(backend);
  backend.set = (key, ...rest) => holds.slowly(key, () => set(key, ...rest));
  return new KeyvSessionStore(new Keyv(backend, { namespace: 'session' }));
}

const stores = {
  'keyv-postgres': (url, holds) => keyvOn(new KeyvPostgres({ uri: url }), holds),
  'keyv-redis': (url, holds) => keyvOn(new KeyvRedis(url), holds),
  'connect-pg-simple': (url, holds) => {
    const PgStore = connectPgSimple(session);
    const pool = new pg.Pool({ connectionString: url });
    const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    const set = store.set.bind(store);
    const write = callbackify((key, value) => holds.slowly(key, () => promisify(set)(key, value)));
    store.set = (key, value, done) => write(key, value, done);
    return new ExpressSessionStore(store);
  },
};

function controllerWith(holds) {
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
      await holds.handler.wait();
      ss.set('late', true);
      return { user };
    }
    async slowRead(ss) {
      const user = ss.get('user');
      await holds.handler.wait();
      return { user };
    }
    destroy(ss) {
      return ss.destroy();
    }
    regenerate(ss) {
      return ss.regenerate();
    }
    hold() {
      holds.renew();
    }
    reachedWrite() {
      return holds.current.before.reached;
    }
    letWrite() {
      holds.current.before.open();
      return holds.current.after.reached;
    }
    letAnswer() {
      holds.current.after.open();
    }
    reachedHandler() {
      return holds.handler.reached;
    }
    letHandler() {
      holds.held = undefined;
      holds.handler.open();
    }
  }

  for (const method of Object.getOwnPropertyNames(SlowController.prototype)) {
    if (method === 'constructor') continue;
    const { prototype } = SlowController;
    Get(method)(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
    if (prototype[method].length > 0) Session()(prototype, method, 0);
  }
  Controller()(SlowController);
  return SlowController;
}

async function serve(kind, url, port) {
  const holds = new Holds();
  const controller = controllerWith(holds);
  const root = {
    module: controller,
    imports: [
      SessionModule.forRoot('a secret for tests of more than thirty-two bytes', 'sid', {
        store: stores[kind](url, holds),
        storeTimeout: '60s',
      }),
    ],
    controllers: [controller],
  };
  const app = await NestFactory.create(
    root,
    adapter === 'Fastify' ? new FastifyAdapter() : new ExpressAdapter(),
    { logger: ['error'] },
  );
  app.getHttpServer().keepAliveTimeout = 30_000;
  await app.listen(Number(port), '127.0.0.1');
}

for (let i = 0; i < given.length; i += 3) await serve(...given.slice(i, i + 3));
console.log('listening');
