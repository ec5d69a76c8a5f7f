import assert from 'node:assert/strict';
import { describe, it } from './globals.js';
import type { OpenSubject } from './store-suite.js';
import { MINUTE, newKey, newSession, newVersion } from './sessions.js';

/** How entries come, change and go: rule 1 of the contract, and what each call answers. */
export function describeEntries(open: OpenSubject): void {
  describe('where there is no entry', () => {
    it('reads as undefined', async () => {
      const { store } = await open();
      assert.equal(await store.read(newKey()), undefined);
    });

    it('makes one by a write without a version', async () => {
      const { store, other } = await open();
      const [key, session] = [newKey(), newSession()];
      assert.equal(await store.write(key, session, undefined), true);
      assert.deepEqual(await store.read(key), session);
      assert.deepEqual(await other.read(key), session);
    });

    it('makes none by a write with a version', async () => {
      const { store } = await open();
      const key = newKey();
      assert.equal(await store.write(key, newSession(), newVersion()), false);
      assert.equal(await store.read(key), undefined);
    });

    it('makes none by a touch', async () => {
      const { store } = await open();
      const key = newKey();
      assert.equal(await store.touch(key, Date.now() + MINUTE), false);
      assert.equal(await store.read(key), undefined);
    });

    it('has nothing to remove', async () => {
      const { store } = await open();
      assert.equal(await store.remove(newKey()), false);
      assert.equal(await store.remove(newKey(), newVersion()), false);
    });
  });

  describe('an entry', () => {
    it('is not replaced by a write without a version', async () => {
      const { store } = await open();
      const [key, first] = [newKey(), newSession()];
      await store.write(key, first, undefined);
      assert.equal(await store.write(key, newSession(), undefined), false);
      assert.deepEqual(await store.read(key), first);
    });

    it('is replaced by a write with its version, whole', async () => {
      const { store, other } = await open();
      const [key, first] = [newKey(), newSession({ text: 'a longer text' })];
      const second = newSession({ text: 'short', expiresAt: first.expiresAt - MINUTE / 2 });
      await store.write(key, first, undefined);
      assert.equal(await store.write(key, second, first.version), true);
      assert.deepEqual(await store.read(key), second);
      assert.deepEqual(await other.read(key), second);
    });

    it('is not replaced by a write with another version', async () => {
      const { store } = await open();
      const [key, first, second] = [newKey(), newSession(), newSession()];
      await store.write(key, first, undefined);
      await store.write(key, second, first.version);
      assert.equal(await store.write(key, newSession(), first.version), false);
      assert.equal(await store.write(key, newSession(), newVersion()), false);
      assert.deepEqual(await store.read(key), second);
    });

    it('takes the same write twice, as a client that resends makes it', async () => {
      const { store } = await open();
      const [key, first, second] = [newKey(), newSession(), newSession()];
      assert.equal(await store.write(key, first, undefined), true);
      assert.equal(await store.write(key, first, undefined), true);
      assert.equal(await store.write(key, second, first.version), true);
      assert.equal(await store.write(key, second, first.version), true);
      assert.deepEqual(await store.read(key), second);
    });

    it('is removed, whatever its version', async () => {
      const { store, other } = await open();
      const key = newKey();
      await store.write(key, newSession(), undefined);
      assert.equal(await store.remove(key), true);
      assert.equal(await store.read(key), undefined);
      assert.equal(await other.read(key), undefined);
      assert.equal(await store.remove(key), false);
    });

    it('is removed by its version, and by no other', async () => {
      const { store } = await open();
      const [key, first, second] = [newKey(), newSession(), newSession()];
      await store.write(key, first, undefined);
      await store.write(key, second, first.version);
      assert.equal(await store.remove(key, first.version), false);
      assert.deepEqual(await store.read(key), second);
      assert.equal(await store.remove(key, second.version), true);
      assert.equal(await store.read(key), undefined);
    });

    it('does not come back once it was removed, but by a write without a version', async () => {
      const { store } = await open();
      const [key, session, next] = [newKey(), newSession(), newSession()];
      await store.write(key, session, undefined);
      await store.remove(key);
      assert.equal(await store.write(key, newSession(), session.version), false);
      assert.equal(await store.write(key, session, session.version), false);
      assert.equal(await store.touch(key, Date.now() + MINUTE), false);
      assert.equal(await store.read(key), undefined);
      assert.equal(await store.write(key, next, undefined), true);
      assert.deepEqual(await store.read(key), next);
    });

    it('does not change with the objects that were given or read', async () => {
      const { store } = await open();
      const [key, session] = [newKey(), newSession()];
      const given = { ...session };
      await store.write(key, given, undefined);
      Object.assign(given, newSession());
      assert.deepEqual(await store.read(key), session);
      const read = (await store.read(key))!;
      try {
        Object.assign(read, newSession());
      } catch {
        // It may be frozen: then it cannot change either.
      }
      assert.deepEqual(await store.read(key), session);
    });

    it('is apart from those whose keys look like its own', async () => {
      const { store } = await open();
      const key = newKey();
      const session = newSession();
      const start = key.slice(0, -1);
      const alike = [key.toLowerCase(), key.toUpperCase(), `${start}-`, `${start}_`, start];
      const others = alike.filter((one) => one !== key);
      await store.write(key, session, undefined);
      for (const one of others) assert.equal(await store.read(one), undefined);
      for (const one of others) await store.write(one, newSession(), undefined);
      for (const one of others) await store.remove(one);
      assert.deepEqual(await store.read(key), session);
    });
  });
}
