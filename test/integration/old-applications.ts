/** Nest applications on other session libraries, each served as its documentation says. */
import { Controller, Get, type INestApplication, Req, Res, type Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import {
  fromCookieSession,
  fromExpressSession,
  fromFastifySession,
  fromIronSession,
  fromSecureSession,
  type AdopterOptions,
  type SessionAdopter,
} from 'nestjs-typed-session/adopt';
import { allowOtherPorts } from '../support/browser.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { library, moduleOf } from './libraries.js';

/** What a sign-in stores. */
export const VALUES = {
  user: { name: 'Péter', roles: ['admin', 'author'] },
  visits: 3,
  'a key; with %': null,
};

export type Secrets = 'newest' | 'rotated' | 'foreign';

export interface OldApplication {
  readonly url: string;
  close(): unknown;
  /** Ours, with the secrets of this application, with newer ones before them, or with others. */
  adopter(secrets: Secrets, options?: AdopterOptions): SessionAdopter;
}

export interface OldLibrary {
  readonly title: string;
  readonly library: string;
  readonly name: string;
  /** How long the sessions of the application below live. */
  readonly seconds: number | undefined;
  /** Whether the name of the cookie is part of what is signed. */
  readonly bindsName: boolean;
  readonly hasStore: boolean;
  start(): Promise<OldApplication>;
}

const HOUR = 3600;
const SECRET = 'the secret of the old application, long enough';
const NEWER = 'the secret that came after it, also long enough';
const FOREIGN = 'the secret of an application that is another one';

const secretsFor = { newest: [SECRET], rotated: [NEWER, SECRET], foreign: [FOREIGN] };
/** As with numbered passwords: the number says which one sealed. */
const passwordsFor = {
  newest: SECRET,
  rotated: { 2: NEWER, 1: SECRET },
  foreign: { 1: FOREIGN, 2: NEWER },
};
const keyFor = (secret: string) => Buffer.alloc(32, secret);

@Controller()
class OnMiddleware {
  @Get('sign-in') signIn(@Req() { session }: any) {
    Object.assign(session, VALUES);
    return 'signed in';
  }
  @Get('me') me(@Req() { session }: any) {
    return session.user?.name ?? 'signed out';
  }
}

@Controller()
class OnPlugin {
  @Get('sign-in') signIn(@Req() { session }: any) {
    for (const [key, value] of Object.entries(VALUES)) session.set(key, value);
    return 'signed in';
  }
  @Get('me') me(@Req() { session }: any) {
    return session.get('user')?.name ?? 'signed out';
  }
}

/** A Nest application whose sessions are those of another library. */
async function onNest(
  controller: Type<unknown>,
  adapter: AbstractHttpAdapter,
  configure: (app: INestApplication) => unknown,
) {
  const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
  const app = testing.createNestApplication(adapter);
  app.use(allowOtherPorts);
  await configure(app);
  await app.listen(0, '127.0.0.1');
  return {
    url: await app.getUrl(),
    close: () => {
      // A browser connects ahead of its requests, and a server waits for these before it closes.
      app.getHttpServer().closeAllConnections();
      return app.close();
    },
  };
}

/** Nest on Express, with a session library as its middleware. */
const onExpress = (middleware: any) =>
  onNest(OnMiddleware, new ExpressAdapter(), (app) => app.use(middleware));

/** Nest on Fastify, with a session library as its plugin. */
const onFastify = (...plugins: readonly (readonly [string, object])[]) =>
  onNest(OnPlugin, new FastifyAdapter(), async (nest) => {
    const app = nest as NestFastifyApplication;
    for (const [name, options] of plugins) await app.register(await library(name), options);
  });

function expressSession(
  title: string,
  makeStore: (session: any) => Promise<{ store: any; close?: () => unknown }>,
): OldLibrary {
  const name = 'connect.sid';
  return {
    title,
    library: 'express-session',
    name,
    seconds: HOUR,
    bindsName: false,
    hasStore: true,
    async start() {
      const session = await library('express-session');
      const { store, close } = await makeStore(session);
      const cookie = { maxAge: HOUR * 1000 };
      const served = await onExpress(
        session({ secret: SECRET, store, resave: false, saveUninitialized: false, cookie }),
      );
      return {
        url: served.url,
        close: async () => {
          await served.close();
          await close?.();
        },
        adopter: (secrets, options) =>
          fromExpressSession({ ...options, secret: secretsFor[secrets], store }),
      };
    },
  };
}

function fastifySession(cookiePrefix: string): OldLibrary {
  return {
    title: cookiePrefix === '' ? '@fastify/session' : `@fastify/session with a cookie prefix`,
    library: '@fastify/session',
    name: 'sessionId',
    seconds: HOUR,
    bindsName: false,
    hasStore: true,
    async start() {
      const { MemoryStore } = await library('@fastify/session');
      const store = new MemoryStore();
      const cookie = { secure: false, maxAge: HOUR * 1000 };
      const options = { secret: SECRET, store, cookie, cookiePrefix };
      return {
        ...(await onFastify(['@fastify/cookie', {}], ['@fastify/session', options])),
        adopter: (secrets, more) =>
          fromFastifySession({ ...more, secret: secretsFor[secrets], store, cookiePrefix }),
      };
    },
  };
}

const cookieSession: OldLibrary = {
  title: 'cookie-session',
  library: 'cookie-session',
  name: 'session',
  seconds: undefined,
  bindsName: true,
  hasStore: false,
  async start() {
    const middleware = await library('cookie-session');
    return {
      ...(await onExpress(middleware({ keys: [SECRET] }))),
      adopter: (secrets, options) => fromCookieSession({ ...options, keys: secretsFor[secrets] }),
    };
  },
};

function ironSession(title: string, packageName: string): OldLibrary {
  const name = 'iron';
  return {
    title,
    library: 'iron-session',
    name,
    seconds: HOUR,
    bindsName: false,
    hasStore: false,
    async start() {
      const { getIronSession, nodeCookies } = await moduleOf(packageName);
      const options = {
        cookieName: name,
        password: SECRET,
        ttl: HOUR,
        cookieOptions: { secure: false },
      };
      const open = (request: any, response: any) =>
        nodeCookies === undefined
          ? getIronSession(request, response, options)
          : getIronSession(nodeCookies(request, response), options);
      @Controller()
      class OnIron {
        @Get('sign-in') async signIn(@Req() request: any, @Res({ passthrough: true }) reply: any) {
          const session = await open(request, reply);
          Object.assign(session, VALUES);
          await session.save();
        }
        @Get('me') async me(@Req() request: any, @Res({ passthrough: true }) reply: any) {
          return (await open(request, reply)).user?.name ?? 'signed out';
        }
      }
      const served = await onNest(OnIron, new ExpressAdapter(), () => {});
      return {
        ...served,
        adopter: (secrets, more) =>
          fromIronSession({ ...more, name, password: passwordsFor[secrets] }),
      };
    },
  };
}

const secureSession: OldLibrary = {
  title: '@fastify/secure-session',
  library: '@fastify/secure-session',
  name: 'session',
  seconds: HOUR,
  bindsName: false,
  hasStore: false,
  async start() {
    const key = keyFor(SECRET);
    return {
      ...(await onFastify(['@fastify/secure-session', { key, expiry: HOUR }])),
      adopter: (secrets, options) =>
        fromSecureSession({ ...options, expiry: HOUR, key: secretsFor[secrets].map(keyFor) }),
    };
  },
};

export const OLD_LIBRARIES: readonly OldLibrary[] = [
  expressSession('express-session with its own store', async ({ MemoryStore }) => ({
    store: new MemoryStore(),
  })),
  fastifySession(''),
  fastifySession('s:'),
  cookieSession,
  ironSession('iron-session 9', 'iron-session'),
  ironSession('iron-session 8', 'iron-session-8'),
  ironSession('iron-session 7', 'iron-session-7'),
  ironSession('iron-session 6', 'iron-session-6'),
  secureSession,
];

export const CONNECT_REDIS = expressSession('express-session with connect-redis', async () => {
  const server = await RedisServer.start();
  const client = createClient({ url: server.url });
  await client.connect();
  const close = async () => {
    client.destroy();
    await server.stop();
  };
  return { store: new RedisStore({ client }), close };
});

export const CONNECT_PG_SIMPLE = expressSession(
  'express-session with connect-pg-simple',
  async (session) => {
    const server = await PostgresServer.start();
    const pool = new Pool({ connectionString: server.url });
    const PgStore = connectPgSimple(session);
    const options = { pool, createTableIfMissing: true, pruneSessionInterval: false } as const;
    const close = async () => {
      await pool.end();
      await server.stop();
    };
    return { store: new PgStore(options), close };
  },
);
