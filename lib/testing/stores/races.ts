import assert from 'node:assert/strict';
import type { SessionStore } from '../../stores/session-store.js';
import { describe, it } from './globals.js';
import type { OpenSubject } from './store-suite.js';
import { MINUTE, newKey, newSession } from './sessions.js';

const RIVALS = 20;
const ROUNDS = 10;

/** Runs it 20 times at once, and on the stores in turn. */
function race<T>(
  rivals: SessionStore[],
  run: (store: SessionStore, number: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: RIVALS }, (_, number) => run(rivals[number % rivals.length], number)),
  );
}

/** Adds a line to the text of a session, in the way in which the module changes a session. */
async function addLine(store: SessionStore, key: string, line: string): Promise<void> {
  for (;;) {
    const read = await store.read(key);
    assert.ok(read !== undefined);
    const session = newSession({ text: `${read.text}${line}\n` });
    if (await store.write(key, session, read.version)) return;
  }
}

/** What must hold when calls on one session come at the same moment. */
export function describeRaces(open: OpenSubject): void {
  describe('at the same moment', () => {
    it('only one of 20 makes an entry', async () => {
      const { store, rivals } = await open();
      const key = newKey();
      const sessions = Array.from({ length: RIVALS }, () => newSession());
      const made = await race(rivals, (one, i) => one.write(key, sessions[i], undefined));
      assert.equal(made.filter(Boolean).length, 1);
      assert.deepEqual(await store.read(key), sessions[made.indexOf(true)]);
    });

    it('only one of 20 replaces a version', async () => {
      const { store, rivals } = await open();
      const [key, first] = [newKey(), newSession()];
      await store.write(key, first, undefined);
      const sessions = Array.from({ length: RIVALS }, () => newSession());
      const written = await race(rivals, (one, i) => one.write(key, sessions[i], first.version));
      assert.equal(written.filter(Boolean).length, 1);
      assert.deepEqual(await store.read(key), sessions[written.indexOf(true)]);
    });

    it('20 changes are all kept', async () => {
      const { store, rivals } = await open();
      const key = newKey();
      await store.write(key, newSession({ text: '' }), undefined);
      await race(rivals, (one, i) => addLine(one, key, `line ${i}`));
      const lines = (await store.read(key))!.text.trimEnd().split('\n');
      const expected = Array.from({ length: RIVALS }, (_, i) => `line ${i}`);
      assert.deepEqual(lines.toSorted(), expected.toSorted());
    });

    it('only one of 20 removes an entry', async () => {
      const { store, rivals } = await open();
      const [key, other, session] = [newKey(), newKey(), newSession()];
      await store.write(key, session, undefined);
      await store.write(other, session, undefined);
      const removed = await race(rivals, (one) => one.remove(key));
      assert.equal(removed.filter(Boolean).length, 1);
      const byVersion = await race(rivals, (one) => one.remove(other, session.version));
      assert.equal(byVersion.filter(Boolean).length, 1);
    });

    it('a touch takes back no write', async () => {
      const { store, rivals } = await open();
      for (let round = 0; round < ROUNDS; round++) {
        const [key, first, second] = [newKey(), newSession(), newSession()];
        await store.write(key, first, undefined);
        const answers = await Promise.all([
          store.touch(key, Date.now() + 2 * MINUTE),
          rivals.at(-1)!.write(key, second, first.version),
        ]);
        assert.deepEqual(answers, [true, true]);
        const read = (await store.read(key))!;
        assert.deepEqual([read.text, read.version], [second.text, second.version]);
        assert.ok(read.expiresAt >= second.expiresAt);
      }
    });

    it('neither a write nor a touch brings back what is removed', async () => {
      const { store, rivals } = await open();
      for (let round = 0; round < ROUNDS; round++) {
        const [key, session] = [newKey(), newSession()];
        await store.write(key, session, undefined);
        const [, , removed] = await Promise.all([
          store.touch(key, Date.now() + 2 * MINUTE),
          store.write(key, newSession(), session.version),
          rivals.at(-1)!.remove(key),
        ]);
        assert.equal(removed, true);
        assert.equal(await store.read(key), undefined);
      }
    });
  });
}
