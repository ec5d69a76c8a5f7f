import { setTimeout as delay } from 'node:timers/promises';
import { SessionError, UNREADABLE } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { createClient } from 'redis';
import { newKey, newSession, newVersion } from '../../lib/testing/stores/sessions.js';
import { redisClients, type RedisConnection } from '../support/redis-connections.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

const libraries = Object.keys(redisClients);

describeWithRedis('RedisSessionStore', () => {
  let server: RedisServer;
  /** What the tests see Redis with. */
  let redis: ReturnType<typeof createClient>;
  const connections: RedisConnection[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = createClient({ url: server.url });
    await redis.connect();
  });
  afterAll(async () => {
    for (const { close } of connections) await close();
    redis?.destroy();
    await server?.stop();
  });

  async function connect(library: string) {
    const connection = await redisClients[library](server.url);
    connections.push(connection);
    return connection.client;
  }

  describe.each(libraries)('with %s', (library) => {
    let store: RedisSessionStore;
    let other: RedisSessionStore;

    beforeAll(async () => {
      store = new RedisSessionStore(await connect(library));
      other = new RedisSessionStore(await connect(library));
    });

    describeSessionStore(() => store, { title: 'on one server', another: () => other });

    /** What Redis counts besides: how the tests look, how clients connect, and what scripts do. */
    const asides = /^(config|info|client|hello|ping|hget|hexists|hset|pexpire)(\||$)/;

    async function commandsOf(act: () => Promise<unknown>): Promise<Record<string, number>> {
      await redis.configResetStat();
      await act();
      const stats = await redis.info('commandstats');
      const calls = [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(
        ([, name, count]) => [name, Number(count)] as const,
      );
      return Object.fromEntries(calls.filter(([name]) => !asides.test(name)));
    }

    it('sends one command for each call', async () => {
      const [key, first, second] = [newKey(), newSession(), newSession()];
      // The server learns the scripts.
      await store.write(key, first, undefined);
      await store.touch(key, 0);
      await store.remove(newKey(), newVersion());

      expect(await commandsOf(() => store.read(key))).toEqual({ hmget: 1 });
      expect(await commandsOf(() => store.write(key, second, first.version))).toEqual({
        evalsha: 1,
      });
      expect(await commandsOf(() => store.touch(key, Date.now() + 100_000))).toEqual({
        evalsha: 1,
      });
      expect(await commandsOf(() => store.remove(key, first.version))).toEqual({ evalsha: 1 });
      expect(await commandsOf(() => store.remove(key))).toEqual({ unlink: 1 });
    });

    it('goes on when the server forgets the scripts', async () => {
      const [key, first, second] = [newKey(), newSession(), newSession()];
      const expiresAt = second.expiresAt + 1000;
      await redis.scriptFlush();
      expect(await store.write(key, first, undefined)).toBe(true);
      expect(await store.write(key, second, first.version)).toBe(true);
      await redis.scriptFlush();
      expect(await store.touch(key, expiresAt)).toBe(true);
      expect(await store.read(key)).toEqual({ ...second, expiresAt });
      await redis.scriptFlush();
      expect(await store.remove(key, second.version)).toBe(true);
      expect(await store.remove(key)).toBe(false);
    });

    it('statement 67: a key of another type reads as a damaged entry, and is replaced', async () => {
      const [key, session] = [newKey(), newSession()];
      const damage = () => redis.set(`session:${key}`, 'text');
      await damage();
      expect(await store.read(key)).toBe(UNREADABLE);
      expect(await store.write(key, newSession(), undefined)).toBe(false);
      expect(await store.write(key, newSession(), newVersion())).toBe(false);
      expect(await store.touch(key, Date.now() + 1000)).toBe(false);
      expect(await store.remove(key, newVersion())).toBe(false);
      expect(await redis.get(`session:${key}`)).toBe('text');
      expect(await store.write(key, session, UNREADABLE.version)).toBe(true);
      expect(await store.read(key)).toEqual(session);
      await redis.del(`session:${key}`);
      await damage();
      expect(await store.remove(key, UNREADABLE.version)).toBe(true);
      await damage();
      expect(await store.remove(key)).toBe(true);
      expect(await store.read(key)).toBeUndefined();
    });
  });

  describe('in Redis', () => {
    let store: RedisSessionStore;

    beforeAll(async () => {
      store = new RedisSessionStore(await connect('redis 6'));
    });

    const lifeOf = (key: string) => redis.pTTL(`session:${key}`);

    it('is a hash of text, version and end, which Redis removes on time', async () => {
      const [key, short, session] = [newKey(), newKey(), newSession()];
      await store.write(key, session, undefined);
      expect({ ...(await redis.hGetAll(`session:${key}`)) }).toEqual({
        t: session.text,
        v: session.version,
        e: String(session.expiresAt),
      });
      await store.write(short, newSession({ expiresAt: Date.now() + 300 }), undefined);
      await delay(350);
      expect(await redis.exists([`session:${key}`, `session:${short}`])).toBe(1);
    });

    it('lives as long as it says, after a touch too, and after one that would be shorter', async () => {
      const key = newKey();
      await store.write(key, newSession({ expiresAt: Date.now() + 1_000_000 }), undefined);
      expect(await lifeOf(key)).toBeGreaterThan(900_000);
      expect(await lifeOf(key)).toBeLessThanOrEqual(1_000_000);
      await store.touch(key, Date.now() + 2_000_000);
      await store.touch(key, Date.now() + 500_000);
      expect(await lifeOf(key)).toBeGreaterThan(1_900_000);
      expect(await lifeOf(key)).toBeLessThanOrEqual(2_000_000);
    });

    it.each([Date.now() + 0.5, 8.64e15, 1e30, Infinity])(
      'always has an end, also for expiresAt %d',
      async (expiresAt) => {
        const key = newKey();
        expect(await store.write(key, newSession({ expiresAt }), undefined)).toBe(true);
        expect(await lifeOf(key)).not.toBe(-1);
      },
    );

    it('has the prefix that the application chose', async () => {
      const key = newKey();
      const own = new RedisSessionStore(await connect('redis 6'), { prefix: '{app}:s:' });
      await own.write(key, newSession(), undefined);
      expect(await redis.exists(`{app}:s:${key}`)).toBe(1);
      expect(await store.read(key)).toBeUndefined();
    });

    it.each<[Record<string, string>]>([
      [{ v: 'v' }],
      [{ t: 't', e: '9000000000000' }],
      [{ t: 't', v: 'v' }],
      [{ t: 't', v: 'v', e: 'soon' }],
    ])('statement 67: reads as a damaged entry where the hash lacks a field: %j', async (hash) => {
      const [key, session] = [newKey(), newSession()];
      await redis.hSet(`session:${key}`, { ...hash, other: 'o' });
      expect(await store.read(key)).toBe(UNREADABLE);
      expect(await store.touch(key, Date.now() + 1000)).toBe(false);
      expect(await store.write(key, newSession(), undefined)).toBe(false);
      expect(await store.write(key, session, UNREADABLE.version)).toBe(true);
      expect(await store.read(key)).toEqual(session);
      expect(await redis.hExists(`session:${key}`, 'other')).toBe(0);
    });

    it('reads as absent where a hash has none of its fields', async () => {
      const key = newKey();
      await redis.hSet(`session:${key}`, { name: 'of another program' });
      expect(await store.read(key)).toBeUndefined();
      expect(await store.write(key, newSession(), undefined)).toBe(true);
    });
  });

  describe.each(libraries)('with %s, when the server', (library) => {
    let own: RedisServer;
    let connection: RedisConnection;
    let store: RedisSessionStore;

    beforeEach(async () => {
      own = await RedisServer.start({ args: ['--maxmemory-policy', 'noeviction'] });
      connection = await redisClients[library](own.url);
      store = new RedisSessionStore(connection.client);
    });
    afterEach(async () => {
      await connection?.close();
      await own?.stop();
    });

    it('is away, rejects', async () => {
      await own.kill();
      await delay(50);
      const answers = await Promise.allSettled([
        store.read(newKey()),
        store.write(newKey(), newSession(), undefined),
        store.touch(newKey(), Date.now() + 1000),
        store.remove(newKey()),
        store.remove(newKey(), newVersion()),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    });

    it('is full, rejects a write and keeps what is there', async () => {
      const [key, session] = [newKey(), newSession()];
      await store.write(key, session, undefined);
      const admin = await createClient({ url: own.url }).connect();
      await admin.configSet('maxmemory', '1');
      admin.destroy();
      await expect(store.write(key, newSession(), session.version)).rejects.toThrow(/OOM/);
      expect(await store.read(key)).toEqual(session);
    });
  });
});

describe('RedisSessionStore with what is no client', () => {
  it.each([[{}], [{ hmGet: () => {} }], [new Map()], [null], ['redis://127.0.0.1']])(
    'refuses %p and says what is allowed',
    (client) => {
      const make = () => new RedisSessionStore(client as never);
      expect(make).toThrow(SessionError);
      expect(make).toThrow(/allowed are .* 'redis' 4 or later, .*'ioredis' 5 or later/);
    },
  );

  it('rejects, and does not throw, when the client throws or gives no list', async () => {
    const broken = { unlink: boom, eval: boom, evalSha: boom, hmGet: boom };
    const store = new RedisSessionStore(broken);
    await expect(store.read('key')).rejects.toThrow('boom');
    await expect(store.write('key', newSession(), undefined)).rejects.toThrow('boom');
    await expect(store.touch('key', 0)).rejects.toThrow('boom');
    await expect(store.remove('key')).rejects.toThrow('boom');
    await expect(store.remove('key', 'version')).rejects.toThrow('boom');
    const legacy = new RedisSessionStore({ ...broken, hmGet: async () => undefined });
    await expect(legacy.read('key')).rejects.toThrow('gave no list');
  });
});

function boom(): never {
  throw new Error('boom');
}
