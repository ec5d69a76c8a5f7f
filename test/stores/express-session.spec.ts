import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session, { MemoryStore } from 'express-session';
import { SessionError, UNREADABLE } from 'nestjs-typed-session';
import {
  ExpressSessionStore,
  type ExpressSessionStoreLike,
} from 'nestjs-typed-session/express-session';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { newKey, newSession, newVersion } from '../../lib/testing/stores/sessions.js';
import { describeWithPostgres, PostgresServer } from '../support/postgres-server.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

const SECONDS = 1000;

describeSessionStore(() => new ExpressSessionStore(new MemoryStore()), {
  title: "ExpressSessionStore on express-session's own store",
});

/** Every call of the contract; each reads the store before it does anything. */
function callAll(store: ExpressSessionStore) {
  return Promise.allSettled([
    store.read(newKey()),
    store.write(newKey(), newSession(), undefined),
    store.touch(newKey(), Date.now() + SECONDS),
    store.remove(newKey()),
    store.remove(newKey(), newVersion()),
  ]);
}

const allRejected = Array(5).fill(expect.objectContaining({ status: 'rejected' }));

describeWithPostgres('ExpressSessionStore on connect-pg-simple', () => {
  let server: PostgresServer;
  let pool: Pool;
  let store: ExpressSessionStore;

  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = new Pool({ connectionString: server.url });
    pool.on('error', () => {});
    const PgStore = connectPgSimple(session);
    store = new ExpressSessionStore(
      new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false }),
    );
  }, 180_000);
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  describeSessionStore(() => store);

  it('gives a row the life of its session', async () => {
    const key = newKey();
    const secondsLeft = async () => {
      const expire = 'extract(epoch from expire - now()::timestamp) AS seconds';
      const { rows } = await pool.query(`SELECT ${expire} FROM session WHERE sid = $1`, [key]);
      return Number(rows[0].seconds);
    };
    await pool.query("SET timezone TO 'UTC'");
    await store.write(key, newSession({ expiresAt: Date.now() + 1000 * SECONDS }), undefined);
    expect(await secondsLeft()).toBeCloseTo(1000, -2);
    await store.touch(key, Date.now() + 5000 * SECONDS);
    expect(await secondsLeft()).toBeCloseTo(5000, -2);
  });

  it('rejects while the server is away', async () => {
    await server.kill();
    expect(await callAll(store)).toEqual(allRejected);
  });
});

describeWithRedis('ExpressSessionStore on connect-redis', () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  let store: ExpressSessionStore;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = createClient({ url: server.url, disableOfflineQueue: true });
    client.on('error', () => {});
    await client.connect();
    store = new ExpressSessionStore(new RedisStore({ client, ttl: 1 }));
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  describeSessionStore(() => store, { damage: (key) => client.set(`sess:${key}`, '{"text":') });

  it('gives a key the life of its session', async () => {
    const key = newKey();
    await store.write(key, newSession({ expiresAt: Date.now() + 1000 * SECONDS }), undefined);
    expect(await client.ttl(`sess:${key}`)).toBeCloseTo(1000, -2);
    await store.touch(key, Date.now() + 5000 * SECONDS);
    expect(await client.ttl(`sess:${key}`)).toBeCloseTo(5000, -2);
  });

  it('rejects while the server is away', async () => {
    await server.kill();
    expect(await callAll(store)).toEqual(allRejected);
  });
});

describe('what ExpressSessionStore asks of a store', () => {
  type Callback = (error?: unknown, value?: unknown) => void;

  /** A store that keeps values as JSON. */
  class JsonStore implements ExpressSessionStoreLike {
    readonly texts = new Map<string, string>();
    value: any;

    get(key: string, done: Callback): unknown {
      const text = this.texts.get(key);
      return done(null, text === undefined ? undefined : JSON.parse(text));
    }
    set(key: string, value: unknown, done: Callback): unknown {
      this.value = value;
      this.texts.set(key, JSON.stringify(value));
      return done();
    }
    destroy(key: string, done: Callback): unknown {
      this.texts.delete(key);
      return done();
    }
  }

  it('is a value with a cookie that says how long to keep it', async () => {
    const stored = new JsonStore();
    const { text, version, expiresAt } = newSession({ expiresAt: Date.now() + 1000 * SECONDS });
    await new ExpressSessionStore(stored).write('key', { text, version, expiresAt }, undefined);
    expect(stored.value).toEqual({
      cookie: {
        path: '/',
        httpOnly: true,
        expires: new Date(expiresAt),
        maxAge: expect.any(Number),
        originalMaxAge: expect.any(Number),
      },
      text,
      version,
      expiresAt,
    });
    expect(stored.value.cookie.maxAge / SECONDS).toBeCloseTo(1000, -2);
    expect(stored.value.cookie.originalMaxAge).toBe(stored.value.cookie.maxAge);
  });

  it.each<[string, JsonStore['get']]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['calls back with an error', (_, done) => done(new Error('no'))],
    ['calls back with a text', (_, done) => done('no')],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('may fail in every way: one that %s', async (_, fail) => {
    const failing = { get: fail, set: fail, destroy: fail };
    expect(await callAll(new ExpressSessionStore(failing as never))).toEqual(allRejected);
  });

  it.each<[string, Partial<JsonStore>]>([
    ['set', { set: (_key, _value, done) => done(new Error('no')) }],
    ['destroy', { destroy: (_key, done) => done(new Error('no')) }],
  ])('may fail in a later step: %s', async (name, step) => {
    const stored = new JsonStore();
    const store = new ExpressSessionStore(stored);
    const first = newSession();
    await store.write('key', first, undefined);
    Object.assign(stored, step);
    const changing =
      name === 'set' ? store.write('key', newSession(), first.version) : store.remove('key');
    await expect(changing).rejects.toThrow('no');
    // A removal that got as far as its tombstone holds, although it rejects.
    expect(await store.read('key')).toEqual(name === 'set' ? first : undefined);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
  ])('may answer with %s: there is none', async (_, value) => {
    const stored = new JsonStore();
    stored.get = (_key, done) => done(null, value);
    expect(await new ExpressSessionStore(stored).read('key')).toBeUndefined();
  });

  it.each([
    ['text that is no JSON', '{"cookie":'],
    ['a session of express-session', '{"cookie":{"originalMaxAge":null},"user":"ada"}'],
    ['a number', '7'],
  ])('statement 67: %s is a damaged entry, which a write replaces', async (_, text) => {
    const stored = new JsonStore();
    const [store, next] = [new ExpressSessionStore(stored), newSession()];
    stored.texts.set('key', text);
    expect(await store.read('key')).toBe(UNREADABLE);
    expect(await store.touch('key', Date.now() + SECONDS)).toBe(false);
    expect(await store.write('key', newSession(), undefined)).toBe(false);
    expect(await store.write('key', next, UNREADABLE.version)).toBe(true);
    expect(await store.read('key')).toEqual(next);
    stored.texts.set('key', text);
    expect(await store.remove('key')).toBe(true);
    expect(await store.read('key')).toBeUndefined();
  });

  it('may say ENOENT, as stores of files do: there is none', async () => {
    const stored = new JsonStore();
    stored.get = (_key, done) => done(Object.assign(new Error('no such file'), { code: 'ENOENT' }));
    const store = new ExpressSessionStore(stored);
    expect(await store.read('key')).toBeUndefined();
    expect(await store.remove('key')).toBe(false);
    expect(await store.write('key', newSession(), undefined)).toBe(true);
  });

  it('may lack a touch, but not get, set and destroy', () => {
    expect(new ExpressSessionStore(new JsonStore()).atomic).toBe(false);
    for (const value of [{}, null, new Map(), { get: () => {}, set: () => {} }]) {
      const make = () => new ExpressSessionStore(value as never);
      expect(make).toThrow(SessionError);
      expect(make).toThrow(/^ExpressSessionStore was not given a store for express-session/);
    }
  });
});
