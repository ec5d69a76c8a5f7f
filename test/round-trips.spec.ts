/** What a session with an owner asks of its store and of the registry, and when. */
import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { MemorySessionRegistry, MemorySessionStore, Session } from 'nestjs-typed-session';
import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import { adapters, closeApps, startApp, takeLogs } from './support/app.js';
import { redisClients, type RedisConnection } from './support/redis-connections.js';
import { RedisProxy } from './support/redis-proxy.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';

@Controller()
class OwnerController {
  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
    ss.set('cart', 1);
  }
  @Get('visit') visit(@Session() ss: Session) {
    ss.set('cart', 2);
  }
  @Get('me') me(@Session() ss: Session) {
    return { owner: ss.owner ?? null, cart: ss.get('cart') ?? null };
  }
}

const controllers = [OwnerController];
const signedIn = { owner: 'u1', cart: 1 };
const nobody = { owner: null, cart: null };

afterEach(async () => {
  jest.restoreAllMocks();
  await closeApps();
  takeLogs();
});

describe.each(adapters)('a session in a store on %s', (adapter) => {
  it('asks the registry before the store has answered', async () => {
    const store = new MemorySessionStore();
    const registry = new MemorySessionRegistry();
    const app = await startApp(adapter, { controllers, session: { store, registry } });
    const client = app.client();
    await client.get('/sign-in');
    const asked = new Promise<void>((resolve) => {
      const find = registry.find.bind(registry);
      jest.spyOn(registry, 'find').mockImplementation((...args) => {
        resolve();
        return find(...args);
      });
    });
    const read = store.read.bind(store);
    jest.spyOn(store, 'read').mockImplementation((key) => asked.then(() => read(key)));
    expect((await client.get('/me')).json).toEqual(signedIn);
  });

  it('is answered where store and registry fail at once, and ends no process', async () => {
    const store = new MemorySessionStore();
    const registry = new MemorySessionRegistry();
    const app = await startApp(adapter, { controllers, session: { store, registry } });
    const client = app.client();
    await client.get('/sign-in');
    jest.spyOn(store, 'read').mockRejectedValue(new Error('store'));
    jest.spyOn(registry, 'find').mockImplementation(() => {
      throw new Error('registry');
    });
    expect((await client.get('/me')).status).toBe(503);
    jest.restoreAllMocks();
    jest.spyOn(registry, 'find').mockImplementation(() => {
      throw new Error('registry');
    });
    expect((await client.get('/me')).status).toBe(503);
    jest.restoreAllMocks();
    expect((await client.get('/me')).json).toEqual(signedIn);
  });

  it('is found by a registry that came after its cookie', async () => {
    const store = new MemorySessionStore();
    const before = await startApp(adapter, { controllers, session: { store } });
    const client = before.client();
    await client.get('/sign-in');
    const registry = new MemorySessionRegistry();
    const after = await startApp(adapter, { controllers, session: { store, registry } });
    const late = after.client();
    late.jar.set('sid', client.jar.get('sid')!);
    expect((await late.get('/me')).json).toEqual(nobody);
    await late.get('/sign-in');
    expect((await late.get('/me')).json).toEqual(signedIn);
    // And where the registry is taken away again, its cookie still opens.
    client.jar.set('sid', late.jar.get('sid')!);
    expect((await client.get('/me')).json).toEqual(signedIn);
  });
});

describeWithRedis('with Redis', () => {
  let server: RedisServer;
  let proxy: RedisProxy;
  const connections: RedisConnection[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await RedisProxy.start(Number(new URL(server.url).port));
  });
  afterEach(async () => {
    for (const { close } of connections.splice(0)) await close();
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it.each(['redis 6', 'ioredis 6'])(
    'one round trip reads the session and asks the registry, by %s',
    async (library) => {
      const connection = await redisClients[library](proxy.url);
      connections.push(connection);
      const { client: redis } = connection;
      const app = await startApp('Express', {
        controllers,
        session: { store: new RedisSessionStore(redis), registry: new RedisSessionRegistry(redis) },
      });
      const client = app.client();
      const stranger = app.client();
      await client.get('/sign-in');
      await stranger.get('/visit');
      proxy.takeTrips();
      expect((await client.get('/me')).json).toEqual(signedIn);
      expect(proxy.takeTrips()).toEqual([['HMGET', 'HMGET']]);
      await stranger.get('/me');
      expect(proxy.takeTrips()).toEqual([['HMGET']]);
      await app.sessions.endAll('u1');
      proxy.takeTrips();
      expect((await client.get('/me')).json).toEqual(nobody);
      expect(proxy.takeTrips()).toEqual([['HMGET', 'HMGET']]);
    },
  );
});
