import assert from 'node:assert/strict';
import { describe, it } from './globals.js';
import type { OpenSubject, Subject } from './store-suite.js';
import { MINUTE, newKey, newSession, newVersion, UNREADABLE } from './sessions.js';

/** What a store says of an entry that cannot be read: rule 5 of the contract. */
export function describeDamage(open: OpenSubject, damage: (key: string) => unknown): void {
  /** A store, and the key of an entry that was damaged. */
  async function openDamaged(): Promise<Subject & { key: string }> {
    const subject = await open();
    const key = newKey();
    await subject.store.write(key, newSession(), undefined);
    await damage(key);
    return { ...subject, key };
  }

  describe('a damaged entry', () => {
    it('reads as UNREADABLE', async () => {
      const { store, other, key } = await openDamaged();
      assert.deepEqual(await store.read(key), UNREADABLE);
      assert.deepEqual(await other.read(key), UNREADABLE);
    });

    it('is replaced by a write with the version of UNREADABLE', async () => {
      const { store, key } = await openDamaged();
      const session = newSession();
      assert.equal(await store.write(key, session, UNREADABLE.version), true);
      assert.deepEqual(await store.read(key), session);
    });

    it('is not replaced by a write without a version, or with another', async () => {
      const { store, key } = await openDamaged();
      assert.equal(await store.write(key, newSession(), undefined), false);
      assert.equal(await store.write(key, newSession(), newVersion()), false);
      assert.deepEqual(await store.read(key), UNREADABLE);
    });

    it('is no session to touch', async () => {
      const { store, key } = await openDamaged();
      assert.equal(await store.touch(key, Date.now() + MINUTE), false);
    });

    it('is removed, without a version or with that of UNREADABLE', async () => {
      for (const version of [undefined, UNREADABLE.version]) {
        const { store, key } = await openDamaged();
        assert.equal(await store.remove(key, newVersion()), false);
        assert.equal(await store.remove(key, version), true);
        assert.equal(await store.read(key), undefined);
      }
    });
  });
}
