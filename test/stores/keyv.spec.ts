import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyvPostgres } from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { SessionError } from 'nestjs-typed-session';
import { type KeyvLike, KeyvSessionStore } from 'nestjs-typed-session/keyv';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { newKey, newSession, newVersion } from '../conformance/sessions.js';
import { describeWithPostgres, PostgresServer } from '../support/postgres-server.js';
import { freePort } from '../support/server-process.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { SqliteAdapter } from '../support/sqlite-adapter.js';

describeSessionStore(() => new KeyvSessionStore(new Keyv()), {
  title: 'KeyvSessionStore in memory',
});

/** Every call of the contract; each reads the backend before it does anything. */
function callAll(store: KeyvSessionStore) {
  return Promise.allSettled([
    store.read(newKey()),
    store.write(newKey(), newSession(), undefined),
    store.touch(newKey(), Date.now() + 1000),
    store.remove(newKey()),
    store.remove(newKey(), newVersion()),
  ]);
}

const allRejected = Array(5).fill(expect.objectContaining({ status: 'rejected' }));

describeWithPostgres('KeyvSessionStore on PostgreSQL', () => {
  let server: PostgresServer;
  let keyv: Keyv;
  let store: KeyvSessionStore;

  beforeAll(async () => {
    server = await PostgresServer.start();
    keyv = new Keyv(new KeyvPostgres({ uri: server.url }), { namespace: 'session' });
    store = new KeyvSessionStore(keyv);
  }, 180_000);
  afterAll(async () => {
    await keyv?.disconnect();
    await server?.stop();
  });

  describeSessionStore(() => store);
});

describe('KeyvSessionStore on PostgreSQL where no server listens', () => {
  it('rejects', async () => {
    const uri = `postgresql://postgres@127.0.0.1:${await freePort()}/postgres`;
    const keyv = new Keyv(new KeyvPostgres({ uri }));
    expect(await callAll(new KeyvSessionStore(keyv))).toEqual(allRejected);
    await keyv.disconnect();
  });
});

describe('KeyvSessionStore on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  const adapter = new SqliteAdapter(join(folder, 'sessions.db'));
  const store = new KeyvSessionStore(new Keyv(adapter, { namespace: 'session' }));

  describeSessionStore(() => store);

  it('rejects once the database is closed', async () => {
    adapter.close();
    expect(await callAll(store)).toEqual(allRejected);
    rmSync(folder, { recursive: true });
  });
});

describeWithRedis('KeyvSessionStore on Redis', () => {
  let server: RedisServer;
  let keyv: Keyv;
  let store: KeyvSessionStore;

  beforeAll(async () => {
    server = await RedisServer.start();
    const adapter = new KeyvRedis({ url: server.url, disableOfflineQueue: true });
    keyv = new Keyv(adapter, { namespace: 'session', useKeyPrefix: false });
    store = new KeyvSessionStore(keyv);
  });
  afterAll(async () => {
    await keyv?.disconnect();
    await server?.stop();
  });

  describeSessionStore(() => store);

  it('lets the entries end in Redis too', async () => {
    const [key, short, session] = [newKey(), newKey(), newSession()];
    await store.write(key, session, undefined);
    await store.write(short, newSession({ expiresAt: Date.now() + 300 }), undefined);
    await delay(350);
    expect(await keyv.store.get(short)).toBeUndefined();
    expect(await keyv.store.get(key)).toContain(session.version);
  });

  // This adapter rejects nothing: it reports the error, and answers that there is no entry.
  it('rejects while the server is away', async () => {
    await server.kill();
    await delay(50);
    expect(await callAll(store)).toEqual(allRejected);
  });
});

describe('KeyvSessionStore with an adapter that fails', () => {
  /** Keeps entries; `fault` says how its next calls fail. */
  class Adapter extends EventEmitter {
    readonly opts = {};
    readonly map = new Map<string, unknown>();
    fault: 'rejects' | 'reports' | 'refuses' | undefined;

    private answer(value: () => unknown): Promise<any> {
      const error = new Error('the disk is full');
      if (this.fault === 'rejects') return Promise.reject(error);
      if (this.fault === 'reports') this.emit('error', error);
      return Promise.resolve(this.fault === undefined ? value() : undefined);
    }
    get(key: string) {
      return this.answer(() => this.map.get(key));
    }
    async set(key: string, value: unknown) {
      if (this.fault === 'refuses') return false;
      return this.answer(() => this.map.set(key, value).has(key));
    }
    delete(key: string) {
      return this.answer(() => this.map.delete(key));
    }
    clear() {
      return Promise.resolve(this.map.clear());
    }
  }

  const faults = ['rejects', 'reports'] as const;

  it.each(
    faults.flatMap((fault) => [true, false].map((emitErrors) => [fault, emitErrors] as const)),
  )('rejects where the adapter %s, with emitErrors: %p', async (fault, emitErrors) => {
    const adapter = new Adapter();
    const store = new KeyvSessionStore(new Keyv(adapter, { emitErrors }));
    const [key, session] = [newKey(), newSession()];
    await store.write(key, session, undefined);
    adapter.fault = fault;
    expect(await callAll(store)).toEqual(allRejected);
    adapter.fault = undefined;
    expect(await store.read(key)).toEqual(session);
  });

  it.each(faults)('rejects where only a set or a delete %s', async (fault) => {
    const adapter = new Adapter();
    const store = new KeyvSessionStore(new Keyv(adapter));
    const [key, session] = [newKey(), newSession()];
    await store.write(key, session, undefined);
    const failing = (change: () => Promise<unknown>) => {
      const get = adapter.get.bind(adapter);
      adapter.get = async (one) => {
        adapter.fault = undefined;
        const value = await get(one);
        adapter.fault = fault;
        return value;
      };
      return change();
    };
    await expect(
      failing(() => store.write(key, newSession(), session.version)),
    ).rejects.toBeInstanceOf(Error);
    await expect(failing(() => store.remove(key))).rejects.toBeInstanceOf(Error);
    await expect(failing(() => store.touch(key, Date.now() + 900_000))).rejects.toBeInstanceOf(
      Error,
    );
  });

  it('rejects a set that is answered with false', async () => {
    const adapter = new Adapter();
    const store = new KeyvSessionStore(new Keyv(adapter));
    adapter.fault = 'refuses';
    const writing = store.write(newKey(), newSession(), undefined);
    await expect(writing).rejects.toMatchObject({ code: 'SESSION_STORE' });
  });

  it('survives an error that comes between two calls', async () => {
    const adapter = new Adapter();
    const keyv = new Keyv(adapter);
    const store = new KeyvSessionStore(keyv);
    expect(() => adapter.emit('error', new Error('the connection broke'))).not.toThrow();
    expect(() => keyv.emit('error', new Error('the connection broke'))).not.toThrow();
    expect(await store.read(newKey())).toBeUndefined();
  });
});

describe('KeyvSessionStore with a backend that hangs', () => {
  it('gives the turn to the next call, and lets the late one change nothing', async () => {
    const keyv = new Keyv();
    const get = keyv.get.bind(keyv);
    const store = new KeyvSessionStore(keyv, { turnTimeout: 50 });
    const [key, first, second] = [newKey(), newSession(), newSession()];
    await store.write(key, first, undefined);

    let answer: () => void = () => {};
    const hanging = new Promise<void>((resolve) => {
      answer = resolve;
    });
    keyv.get = (async (one: string) => {
      const value = await get(one);
      keyv.get = get;
      await hanging;
      return value;
    }) as typeof keyv.get;
    const hung = store.write(key, newSession(), first.version);
    const next = store.write(key, second, first.version);
    await expect(hung).rejects.toMatchObject({ code: 'SESSION_STORE' });
    expect(await next).toBe(true);
    answer();
    await delay(10);
    expect(await store.read(key)).toEqual(second);
  });

  it.each([0, -1, Number.NaN, Infinity, 2 ** 31, '5'])(
    'refuses a turnTimeout of %p',
    (turnTimeout) => {
      const make = () => new KeyvSessionStore(new Keyv(), { turnTimeout: turnTimeout as number });
      expect(make).toThrow(SessionError);
      expect(make).toThrow(/^turnTimeout is .*; allowed are milliseconds/);
    },
  );
});

describe('KeyvSessionStore', () => {
  it.each([[{}], [new Map()], [null], ['redis://127.0.0.1']])('refuses %p', (keyv) => {
    const make = () => new KeyvSessionStore(keyv as unknown as KeyvLike);
    expect(make).toThrow(SessionError);
    expect(make).toThrow('KeyvSessionStore was not given a Keyv');
  });

  it.each(['text', { text: 'a', version: 'b' }, { expiresAt: 1 }, 7])(
    'reads as absent what is no session: %j',
    async (value) => {
      const keyv = new Keyv();
      await keyv.set('key', value);
      expect(await new KeyvSessionStore(keyv).read('key')).toBeUndefined();
    },
  );

  it('is not atomic', () => {
    expect(new KeyvSessionStore(new Keyv()).atomic).toBe(false);
  });
});
