import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from './globals.js';
import type { OpenSubject } from './index.js';
import { MINUTE, newKey, newSession } from './sessions.js';

/** Longer than a call takes, and short enough to wait for. */
const MOMENT = 400;

const until = (time: number) => delay(Math.max(0, time - Date.now()) + 50);

/** When entries end: rule 4 of the contract, and `touch`. */
export function describeTime(open: OpenSubject): void {
  describe('a life', () => {
    it('ends: the entry is gone, or says that it has expired', async () => {
      const { store } = await open();
      const [key, session] = [newKey(), newSession({ expiresAt: Date.now() + MOMENT })];
      assert.equal(await store.write(key, session, undefined), true);
      await until(session.expiresAt);
      const read = await store.read(key);
      assert.ok(read === undefined || read.expiresAt <= Date.now());
    });

    it('that is over already leaves nothing that looks alive', async () => {
      const { store } = await open();
      const [key, session] = [newKey(), newSession()];
      await store.write(key, session, undefined);
      await store.write(key, newSession({ expiresAt: Date.now() - MINUTE }), session.version);
      const read = await store.read(key);
      assert.ok(read === undefined || read.expiresAt <= Date.now());
    });

    it('that a later write made longer is longer', async () => {
      const { store } = await open();
      const key = newKey();
      const [first, second] = [newSession({ expiresAt: Date.now() + MOMENT }), newSession()];
      await store.write(key, first, undefined);
      assert.equal(await store.write(key, second, first.version), true);
      await until(first.expiresAt);
      assert.deepEqual(await store.read(key), second);
    });
  });

  describe('a touch', () => {
    it('makes a life longer, and changes neither text nor version', async () => {
      const { store, other } = await open();
      const [key, session] = [newKey(), newSession({ expiresAt: Date.now() + MOMENT })];
      const expiresAt = Date.now() + MINUTE;
      await store.write(key, session, undefined);
      assert.equal(await store.touch(key, expiresAt), true);
      assert.deepEqual(await store.read(key), { ...session, expiresAt });
      await until(session.expiresAt);
      assert.deepEqual(await store.read(key), { ...session, expiresAt });
      assert.deepEqual(await other.read(key), { ...session, expiresAt });
      assert.equal(await store.write(key, newSession(), session.version), true);
    });

    it('never makes a life shorter', async () => {
      const { store } = await open();
      const [key, session] = [newKey(), newSession()];
      const sooner = Date.now() + MOMENT;
      await store.write(key, session, undefined);
      assert.equal(await store.touch(key, sooner), true);
      assert.equal(await store.touch(key, Date.now() - MINUTE), true);
      assert.deepEqual(await store.read(key), session);
      await until(sooner);
      assert.deepEqual(await store.read(key), session);
    });
  });
}
