import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredSession } from '../../stores/session-store.js';
import { describe, it } from './globals.js';
import type { OpenSubject } from './store-suite.js';
import { MINUTE, newKey, newSession } from './sessions.js';

/** Longer than a call takes, and short enough to wait for. */
const MOMENT = 400;

/**
 * Does something with a session that lives for a moment, while it does: where a machine stalled
 * meanwhile, once more with another session and a longer moment.
 */
async function inAMoment(act: (key: string, session: StoredSession) => Promise<boolean>) {
  for (let moment = MOMENT; ; moment *= 2) {
    const [key, session] = [newKey(), newSession({ expiresAt: Date.now() + moment })];
    const answer = await act(key, session);
    if (Date.now() < session.expiresAt) return { key, session, answer };
  }
}

const until = (time: number) => delay(Math.max(0, time - Date.now()) + 50);

/** When entries end: rule 4 of the contract, and `touch`. */
export function describeTime(open: OpenSubject): void {
  describe('a life', () => {
    it('ends: the entry is gone, or says that it has expired', async () => {
      const { store } = await open();
      const { key, session, answer } = await inAMoment((one, short) =>
        store.write(one, short, undefined),
      );
      assert.equal(answer, true);
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
      const longer = newSession();
      const { key, session, answer } = await inAMoment(async (one, short) => {
        await store.write(one, short, undefined);
        return store.write(one, longer, short.version);
      });
      assert.equal(answer, true);
      await until(session.expiresAt);
      assert.deepEqual(await store.read(key), longer);
    });
  });

  describe('a touch', () => {
    it('makes a life longer, and changes neither text nor version', async () => {
      const { store, other } = await open();
      const expiresAt = Date.now() + MINUTE;
      const { key, session, answer } = await inAMoment(async (one, short) => {
        await store.write(one, short, undefined);
        return store.touch(one, expiresAt);
      });
      assert.equal(answer, true);
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
