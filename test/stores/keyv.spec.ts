import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyvPostgres } from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { Controller, Get, Param } from '@nestjs/common';
import { Keyv } from 'keyv';
import { Session, SessionError, UNREADABLE } from 'nestjs-typed-session';
import { type KeyvLike, KeyvSessionStore } from 'nestjs-typed-session/keyv';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { newKey, newSession, newVersion } from '../../lib/testing/stores/sessions.js';
import { adapters, closeApps, startApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { Latch } from '../support/latch.js';
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

  describeSessionStore(() => store, {
    damage: (key) => adapter.set(`session:${key}`, '{"value":'),
  });

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
  it('goes on with the next call, and lets the late one change nothing', async () => {
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

/** Takes values up to a length; reports what it refuses as the adapter for Redis does. */
class NarrowAdapter extends EventEmitter {
  readonly opts = {};
  readonly map = new Map<string, string>();

  constructor(private readonly most = 400) {
    super();
  }

  async get(key: string): Promise<any> {
    await delay(1);
    return this.map.get(key);
  }
  async set(key: string, value: string) {
    await delay(1);
    if (value.length > this.most) this.emit('error', new Error('too long'));
    else this.map.set(key, value);
  }
  async delete(key: string) {
    await delay(1);
    return this.map.delete(key);
  }
  async clear() {
    this.map.clear();
  }
}

describe('KeyvSessionStore where one call fails and others go on', () => {
  it('rejects that call alone', async () => {
    const store = new KeyvSessionStore(new Keyv(new NarrowAdapter()));
    const progress = { isOver: false };
    const failing = async () => {
      const answers: PromiseSettledResult<boolean>[] = [];
      for (let i = 0; i < 20; i++) {
        const long = newSession({ text: 'x'.repeat(500) });
        answers.push(...(await Promise.allSettled([store.write(newKey(), long, undefined)])));
      }
      progress.isOver = true;
      return answers.map(({ status }) => status);
    };
    const going = async () => {
      while (!progress.isOver) {
        const [key, session] = [newKey(), newSession()];
        expect(await store.read(key)).toBeUndefined();
        expect(await store.write(key, session, undefined)).toBe(true);
        expect(await store.remove(key)).toBe(true);
      }
    };
    const [statuses] = await Promise.all([failing(), ...Array.from({ length: 20 }, going)]);
    expect(statuses).toEqual(Array(20).fill('rejected'));
  });

  it('takes no absent entry for one that is gone while an error of no call is reported', async () => {
    const adapter = new NarrowAdapter();
    const store = new KeyvSessionStore(new Keyv(adapter));
    const [key, session] = [newKey(), newSession()];
    await store.write(key, session, undefined);
    const there = store.read(key);
    const absent = store.read(newKey());
    await Promise.resolve();
    adapter.emit('error', new Error('the connection broke'));
    expect(await there).toEqual(session);
    await expect(absent).rejects.toMatchObject({ code: 'SESSION_STORE' });
  });
});

describe.each(adapters)('KeyvSessionStore on %s where one visitor fails', (adapter) => {
  @Controller()
  class FillController {
    @Get('fill/:length') fill(@Session() ss: Session, @Param('length') length: string) {
      ss.set('text', 'x'.repeat(Number(length)));
    }
    @Get('length') length(@Session() ss: Session) {
      return { length: String(ss.get('text')).length };
    }
  }

  afterAll(closeApps);

  it('answers the others', async () => {
    const store = new KeyvSessionStore(new Keyv(new NarrowAdapter(2000)));
    const app = await startApp(adapter, { controllers: [FillController], session: { store } });
    const others = Array.from({ length: 20 }, () => app.client());
    const failing = async () => {
      const client = app.client();
      const answers = [];
      for (let i = 0; i < 10; i++) answers.push((await client.get('/fill/5000')).status);
      return answers;
    };
    const going = async (client: Client) => {
      const answers = [];
      for (let i = 0; i < 5; i++) {
        answers.push((await client.get(`/fill/${i}`)).status);
        answers.push((await client.get('/length')).json.length);
      }
      return answers;
    };
    const [failed, ...rest] = await Promise.all([failing(), ...others.map(going)]);
    expect(failed).toEqual(Array(10).fill(503));
    const expected = [200, 0, 200, 1, 200, 2, 200, 3, 200, 4];
    expect(rest).toEqual(others.map(() => expected));
  });
});

describe('two KeyvSessionStores on one backend, as two processes have it', () => {
  /** Its next write of a session waits, first before and then after it reaches the backend. */
  function held(map: Map<string, unknown>) {
    const keyv = new Keyv(map);
    const set = keyv.set.bind(keyv);
    const [before, after] = [new Latch(), new Latch()];
    keyv.set = async (...args: Parameters<typeof set>) => {
      keyv.set = set;
      await before.wait();
      const result = await set(...args);
      await after.wait();
      return result;
    };
    return { keyv, before, after };
  }

  it.each<[string, (store: KeyvSessionStore, key: string, version: string) => Promise<boolean>]>([
    ['write', (store, key, version) => store.write(key, newSession(), version)],
    ['touch', (store, key) => store.touch(key, Date.now() + 900_000)],
  ])('statement 25: a slow %s brings back nothing that was removed', async (_what, change) => {
    const map = new Map<string, unknown>();
    const other = new KeyvSessionStore(new Keyv(map));
    for (const version of [undefined, 'its own']) {
      const [key, session] = [newKey(), newSession()];
      await other.write(key, session, undefined);
      const { keyv, before, after } = held(map);
      const slow = change(new KeyvSessionStore(keyv), key, session.version);
      await before.reached;
      expect(await other.remove(key, version && session.version)).toBe(true);
      before.open();
      await after.reached;
      expect(await other.read(key)).toBeUndefined();
      after.open();
      expect(await slow).toBe(false);
      expect(await other.read(key)).toBeUndefined();
      expect([...map.keys()].filter((one) => one.endsWith(key))).toEqual([]);
    }
  });

  it('statement 25: a write whose process ended brings nothing back once its session is read', async () => {
    const map = new Map<string, unknown>();
    const other = new KeyvSessionStore(new Keyv(map), { turnTimeout: 10, tombstoneTime: 500 });
    const [key, session] = [newKey(), newSession()];
    await other.write(key, session, undefined);
    const { keyv, before, after } = held(map);
    void new KeyvSessionStore(keyv).write(key, newSession(), session.version);
    await before.reached;
    await other.remove(key);
    before.open();
    await after.reached;
    expect(await other.read(key)).toBeUndefined();
    await delay(550);
    expect(await other.read(key)).toBeUndefined();
  });

  it('keeps a tombstone for tombstoneTime, and no longer', async () => {
    const keyv = new Keyv();
    const store = new KeyvSessionStore(keyv, { turnTimeout: 10, tombstoneTime: 100 });
    const key = newKey();
    await store.write(key, newSession(), undefined);
    await store.remove(key);
    expect(await keyv.get(`${key}-removed`)).toMatchObject({ version: 'removed', text: '' });
    await delay(150);
    expect(await keyv.get(`${key}-removed`)).toBeUndefined();
  });

  it('makes as many calls of the backend as its documentation says', async () => {
    const keyv = new Keyv();
    const calls: string[] = [];
    for (const name of ['get', 'set', 'delete'] as const) {
      const call = keyv[name].bind(keyv) as (...args: unknown[]) => Promise<any>;
      keyv[name] = ((...args: unknown[]) => (calls.push(name), call(...args))) as never;
    }
    const store = new KeyvSessionStore(keyv);
    const [key, first, second] = [newKey(), newSession(), newSession()];
    const callsOf = async (act: () => Promise<unknown>) => {
      await act();
      return calls.splice(0).join(' ');
    };
    expect(await callsOf(() => store.read(key))).toBe('get');
    expect(await callsOf(() => store.write(key, first, undefined))).toBe('get get set get');
    expect(await callsOf(() => store.read(key))).toBe('get get');
    expect(await callsOf(() => store.write(key, second, first.version))).toBe('get get set get');
    expect(await callsOf(() => store.touch(key, Date.now() + 900_000))).toBe('get get set get');
    expect(await callsOf(() => store.remove(key))).toBe('get get set delete');
  });

  it.each([99, Number.NaN, Infinity, '5'])('refuses a tombstoneTime of %p', (tombstoneTime) => {
    const options = { turnTimeout: 100, tombstoneTime: tombstoneTime as number };
    expect(() => new KeyvSessionStore(new Keyv(), options)).toThrow(
      /^tombstoneTime is .*; allowed are milliseconds, from 100 to/,
    );
  });
});

describe('KeyvSessionStore', () => {
  it.each([[{}], [new Map()], [null], ['redis://127.0.0.1']])('refuses %p', (keyv) => {
    const make = () => new KeyvSessionStore(keyv as unknown as KeyvLike);
    expect(make).toThrow(SessionError);
    expect(make).toThrow('KeyvSessionStore was not given a Keyv');
  });

  it.each(['text', { text: 'a', version: 'b' }, { expiresAt: 1 }, 7])(
    'statement 67: a value that is no session is a damaged entry, which a write replaces: %j',
    async (value) => {
      const keyv = new Keyv();
      const [store, session] = [new KeyvSessionStore(keyv), newSession()];
      await keyv.set('key', value);
      expect(await store.read('key')).toBe(UNREADABLE);
      expect(await store.touch('key', Date.now() + 1000)).toBe(false);
      expect(await store.write('key', session, UNREADABLE.version)).toBe(true);
      expect(await store.read('key')).toEqual(session);
    },
  );

  it('is not atomic', () => {
    expect(new KeyvSessionStore(new Keyv()).atomic).toBe(false);
  });
});
