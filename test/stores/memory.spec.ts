import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MemorySessionStore, SessionError } from 'nestjs-typed-session';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { newSession } from '../../lib/testing/stores/sessions.js';

describeSessionStore(() => new MemorySessionStore(), { title: 'MemorySessionStore' });

describe('MemorySessionStore with its bound', () => {
  const NOW = 1_800_000_000_000;

  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Which of these keys have an entry; reading them makes them used, in this order. */
  async function present(store: MemorySessionStore, keys: string[]) {
    const read = await Promise.all(keys.map((key) => store.read(key)));
    return keys.filter((_, i) => read[i] !== undefined);
  }

  async function filled(keys: string[]) {
    const store = new MemorySessionStore({ maxSessions: keys.length });
    for (const key of keys) await store.write(key, newSession({ version: key }), undefined);
    return store;
  }

  it('lets go the session that was written first', async () => {
    const store = await filled(['a', 'b', 'c']);
    await store.write('d', newSession(), undefined);
    expect(await present(store, ['a', 'b', 'c', 'd'])).toEqual(['b', 'c', 'd']);
  });

  it.each([
    ['written', (store: MemorySessionStore) => store.write('a', newSession(), 'a')],
    ['touched', (store: MemorySessionStore) => store.touch('a', 0)],
    ['read', (store: MemorySessionStore) => store.read('a')],
  ])('keeps a session that was %s again', async (_, use) => {
    const store = await filled(['a', 'b', 'c']);
    await use(store);
    await store.write('d', newSession(), undefined);
    expect(await present(store, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('lets go nothing for a write that replaces, or that does not happen', async () => {
    const store = await filled(['a', 'b']);
    await store.write('b', newSession(), 'b');
    await store.write('c', newSession(), 'another version');
    expect(await present(store, ['a', 'b', 'c'])).toEqual(['a', 'b']);
  });

  it('keeps 10,000 sessions where nothing else is said', async () => {
    const store = new MemorySessionStore();
    for (let i = 0; i <= 10_000; i++) await store.write(`${i}`, newSession(), undefined);
    expect(await present(store, ['0', '1', '10000'])).toEqual(['1', '10000']);
  });

  it('lets go what has expired before what is alive', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    await store.write('alive', newSession({ expiresAt: NOW + 3_600_000 }), undefined);
    await store.write('short', newSession({ expiresAt: NOW + 1000 }), undefined);
    jest.setSystemTime(NOW + 20_000);
    await store.write('new', newSession({ expiresAt: NOW + 3_600_000 }), undefined);
    expect(await present(store, ['alive', 'short', 'new'])).toEqual(['alive', 'new']);
  });

  it('has no timer', async () => {
    await filled(['a', 'b']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '5', null])('refuses %p sessions', (maxSessions) => {
    const make = () => new MemorySessionStore({ maxSessions: maxSessions as number });
    expect(make).toThrow(SessionError);
    expect(make).toThrow(/^maxSessions is .*; allowed is a positive integer\. /);
  });
});

describe('MemorySessionStore under NODE_ENV=production', () => {
  const { NODE_ENV } = process.env;

  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV;
    jest.restoreAllMocks();
  });

  it('warns once, and nowhere else', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const make = () => new MemorySessionStore();
    make();
    expect(warn).not.toHaveBeenCalled();
    process.env.NODE_ENV = 'production';
    make();
    make();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('RedisSessionStore'));
    expect(warn.mock.contexts[0]).toMatchObject({ context: 'Session' });
  });
});
