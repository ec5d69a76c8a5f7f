/**
 * The test kit with supertest itself, and beside it with `fetch` and `inject()`: wherever the sessions are
 * kept, with a registry and without.
 */
import { Body, Controller, Get, type INestApplication, Post, Redirect } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Keyv } from 'keyv';
import {
  MemorySessionRegistry,
  MemorySessionStore,
  Session,
  type SessionOptions,
  type SessionService,
  SessionType,
} from 'nestjs-typed-session';
import { KeyvSessionRegistry, KeyvSessionStore } from 'nestjs-typed-session/keyv';
import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import {
  type AnyTestResponse,
  seenEvents,
  sessionClock,
  sessionCookie,
  sessionOf,
} from 'nestjs-typed-session/testing';
import { type AdapterName, adapters, AMPLE_TIMEOUT, closeApps, startApp } from '../support/app.js';
import { startedRedis } from '../support/redis-client.js';
import { hasRedis } from '../support/redis-server.js';
import { describeWithLibraries, library } from './libraries.js';

@SessionType('kit-user')
class User {
  constructor(readonly name = '') {}
  greet() {
    return `Hi ${this.name}`;
  }
}

interface Shop {
  user: User;
  visits: number;
}

@Controller()
class ShopController {
  @Get('me')
  me(@Session() ss: Session<Shop>) {
    return `${ss.get('user')?.greet() ?? 'nobody'}, ${ss.owner ?? 'no owner'}`;
  }

  @Post('visit')
  visit(@Session() ss: Session<Shop>) {
    ss.values.visits = (ss.values.visits ?? 0) + 1;
    return `Visit number ${ss.values.visits}`;
  }

  @Post('sign-in')
  @Redirect('/me', 303)
  async signIn(@Session() ss: Session<Shop>, @Body('name') name: string) {
    await ss.regenerate({ owner: name });
    ss.set('user', new User(name));
  }

  @Post('sign-out')
  async signOut(@Session() ss: Session) {
    await ss.destroy();
  }
}

/** Before Node 24.9, Jest cannot load what `inject()` is made of; `testing-kit.mjs` uses it on each. */
const [major, minor] = process.versions.node.split('.').map(Number);
const canInject = major > 24 || (major === 24 && minor >= 9);

type Kept = 'the cookie' | 'memory' | 'Redis' | 'Keyv';

interface Row {
  adapter: AdapterName;
  kept: Kept;
  hasRegistry: boolean;
}

const kinds: Kept[] = ['the cookie', 'memory', ...(hasRedis ? (['Redis'] as const) : []), 'Keyv'];

const rows: Row[] = adapters.flatMap((adapter) =>
  kinds.flatMap((kept) => [false, true].map((hasRegistry) => ({ adapter, kept, hasRegistry }))),
);

let redis: ReturnType<typeof startedRedis> | undefined;

/** Where the sessions are kept, and in the same place who is signed in. */
async function optionsOf({ kept, hasRegistry }: Row): Promise<Partial<SessionOptions>> {
  const idleTimeout = '30 minutes';
  const storeTimeout = AMPLE_TIMEOUT;
  if (kept === 'the cookie') {
    if (!hasRegistry) return { idleTimeout };
    return { idleTimeout, storeTimeout, registry: new MemorySessionRegistry() };
  }
  const client = kept === 'Redis' ? await (redis ??= startedRedis()) : undefined;
  const store =
    client !== undefined
      ? new RedisSessionStore(client)
      : kept === 'Keyv'
        ? new KeyvSessionStore(new Keyv())
        : new MemorySessionStore();
  const registry =
    client !== undefined
      ? new RedisSessionRegistry(client)
      : kept === 'Keyv'
        ? new KeyvSessionRegistry(new Keyv())
        : new MemorySessionRegistry();
  return { idleTimeout, storeTimeout, store, ...(hasRegistry ? { registry } : {}) };
}

interface Sent {
  response: AnyTestResponse;
  text: string;
  /** The `Cookie` header, where the response does not know it. */
  cookie?: string;
}

/** Sends a request with a `Cookie` header. */
type Client = (method: 'GET' | 'POST', path: string, cookie: string) => Promise<Sent>;

describeWithLibraries('the test kit', () => {
  let supertest: any;

  beforeAll(async () => {
    supertest = await library('supertest');
  });
  afterEach(() => sessionClock.reset());
  afterAll(closeApps);

  function clientsOf(app: INestApplication, url: string, adapter: AdapterName) {
    const clients: Record<string, Client> = {
      supertest: async (method, path, cookie) => {
        const request = supertest(app.getHttpServer());
        const response = await request[method.toLowerCase()](path).set('Cookie', cookie);
        return { response, text: response.text };
      },
      fetch: async (method, path, cookie) => {
        const response = await fetch(url + path, { method, headers: { cookie } });
        return { response, text: await response.text(), cookie };
      },
    };
    if (adapter === 'Fastify' && canInject) {
      clients['inject()'] = async (method, path, cookie) => {
        const fastify = app as NestFastifyApplication;
        const response = await fastify.inject({ method, url: path, headers: { cookie } });
        return { response: response as AnyTestResponse, text: response.payload };
      };
    }
    return Object.entries(clients);
  }

  describe.each(rows)('on $adapter, in $kept, with a registry: $hasRegistry', (row) => {
    let app: INestApplication;
    let sessions: SessionService;
    let clients: [name: string, send: Client][];
    const after = ({ response, cookie }: Sent) => sessionOf<Shop>(app, response, { cookie });

    beforeAll(async () => {
      const session = await optionsOf(row);
      const started = await startApp(row.adapter, { controllers: [ShopController], session });
      ({ app, sessions } = started);
      clients = clientsOf(app, started.url, row.adapter);
    });

    it('begins a session for each client, and reads it after each of their responses', async () => {
      for (const [name, send] of clients) {
        const cookie = await sessionCookie(app, { user: new User(name), visits: 1 });
        const me = await send('GET', '/me', cookie);
        expect(me.text).toBe(`Hi ${name}, no owner`);
        // This response sets no cookie.
        expect((await after(me))?.user.greet()).toBe(`Hi ${name}`);
        const visited = await send('POST', '/visit', cookie);
        expect(visited.text).toBe('Visit number 2');
        expect((await after(visited))?.visits).toBe(2);
        expect(await after(await send('POST', '/sign-out', cookie))).toBeUndefined();
      }
    });

    it('begins a session of an owner, whom a registry knows until the session is ended', async () => {
      for (const [name, send] of clients) {
        const user = new User(name);
        const cookie = await sessionCookie(app, { user }, { owner: name });
        const me = await send('GET', '/me', cookie);
        expect(me.text).toBe(`Hi ${name}, ${name}`);
        expect(await after(me)).toEqual({ user });
        if (!row.hasRegistry) {
          await expect(sessions.list(name)).rejects.toThrow(/has no registry/);
          continue;
        }
        expect(await sessions.list(name)).toHaveLength(1);
        expect(await sessions.endAll(name)).toBe(1);
        const ended = await send('GET', '/me', cookie);
        expect(ended.text).toBe('nobody, no owner');
        expect(await after(ended)).toBeUndefined();
      }
    });

    it('follows an agent of supertest from the sign-in over a redirect to the sign-out', async () => {
      const agent = supertest.agent(app.getHttpServer());
      const left = await agent.post('/sign-in').send({ name: 'Ada' }).expect(303);
      expect(await sessionOf(app, left)).toEqual({ user: new User('Ada') });
      const arrived = await agent.post('/sign-in').send({ name: 'Bo' }).redirects(1);
      expect(arrived.text).toBe('Hi Bo, Bo');
      expect(await sessionOf(app, arrived)).toEqual({ user: new User('Bo') });
      expect(await sessionOf(app, await agent.post('/sign-out'))).toBeUndefined();
      expect(await sessionOf(app, await agent.get('/me'))).toBeUndefined();
    });

    it('lets the idle time pass, for the session and for what the registry lists', async () => {
      const [[, send]] = clients;
      const cookie = await sessionCookie(app, { visits: 1 }, { owner: 'idle' });
      sessionClock.advance('29 minutes');
      expect((await after(await send('GET', '/me', cookie)))?.visits).toBe(1);
      // A session without a store has its deadline in the cookie, and this one was not sent again.
      const idle = await sessionCookie(app, { visits: 1 }, { owner: 'idle' });
      const seen = seenEvents(app);
      sessionClock.advance('31 minutes');
      const late = await send('GET', '/me', idle);
      expect(late.text).toBe('nobody, no owner');
      expect(await after(late)).toBeUndefined();
      // Redis keeps its own time, and has the entry still: it is refused when it is read.
      const isThere = row.kept === 'the cookie' || row.kept === 'Redis';
      const reason = isThere ? 'expired' : 'unknown-id';
      expect(seen.all[0]).toMatchObject({ kind: 'rejected', reason });
      if (row.kept === 'Redis') expect(await (await redis!).keys('session:*')).not.toEqual([]);
      seen.stop();
      if (!row.hasRegistry) return;
      // Not every use is told to a registry: it lists a session for a tenth of the idle time longer.
      sessionClock.advance('3 minutes');
      expect(await sessions.list('idle')).toEqual([]);
    });
  });
});
