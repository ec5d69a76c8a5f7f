/** Applications on other session libraries, each served as its documentation says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  fromCookieSession,
  fromExpressSession,
  fromFastifySession,
  fromIronSession,
  fromSecureSession,
  type AdopterOptions,
  type SessionAdopter,
} from 'nestjs-typed-session/adopt';
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

async function listening(server: Server): Promise<{ url: string; close: () => unknown }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Express, with a session library as its middleware. */
async function onExpress(middleware: unknown) {
  const express = await library('express');
  const app = express();
  app.use(middleware);
  app.get('/sign-in', (request: any, response: any) => {
    Object.assign(request.session, VALUES);
    response.send('signed in');
  });
  app.get('/me', (request: any, response: any) => {
    response.send(request.session.user?.name ?? 'signed out');
  });
  return listening(createServer(app));
}

/** Fastify, with a session library as its plugin. */
async function onFastify(...plugins: readonly (readonly [string, object])[]) {
  const { fastify } = await moduleOf('fastify');
  const app = fastify();
  for (const [name, options] of plugins) await app.register(await library(name), options);
  app.get('/sign-in', async (request: any) => {
    for (const [key, value] of Object.entries(VALUES)) request.session.set(key, value);
    return 'signed in';
  });
  app.get('/me', async (request: any) => request.session.get('user')?.name ?? 'signed out');
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}

export function expressSession(
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
          served.close();
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
      const served = await listening(
        createServer((request, response) => void answer(request, response)),
      );
      async function answer(request: IncomingMessage, response: ServerResponse) {
        const session = await (nodeCookies === undefined
          ? getIronSession(request, response, options)
          : getIronSession(nodeCookies(request, response), options));
        if (request.url === '/sign-in') {
          Object.assign(session, VALUES);
          await session.save();
        }
        response.end(session.user?.name ?? 'signed out');
      }
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
  ironSession('iron-session 6', 'iron-session-6'),
  secureSession,
];
