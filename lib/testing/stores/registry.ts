import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { RegisteredSession, SessionRegistry } from '../../registry/session-registry.js';
import { describe, it } from './globals.js';
import { MINUTE, newKey } from './sessions.js';

/** Gives the registry under test. It is called for every test; the same registry each time will do. */
export type SessionRegistryFactory = () => SessionRegistry | Promise<SessionRegistry>;

/** Options of `describeSessionRegistry`. */
export interface DescribeSessionRegistryOptions {
  /** Default `a session registry`. */
  title?: string;
  /**
   * Gives a registry on the same server by another connection, as another process has it: what one has
   * done, the other must see, and the races are run on both. Default none.
   */
  another?: SessionRegistryFactory;
}

interface Subject {
  registry: SessionRegistry;
  /** The same sessions, seen by another process where there is one. */
  other: SessionRegistry;
}

const ROUNDS = 5;
const RIVALS = 10;

const newRef = () => randomBytes(16).toString('base64url');

export function newRegisteredSession(session: Partial<RegisteredSession> = {}): RegisteredSession {
  const now = Date.now();
  return {
    ref: newRef(),
    key: newKey(),
    idHash: newRef(),
    createdAt: now - MINUTE,
    lastUsedAt: now,
    expiresAt: now + MINUTE,
    keepUntil: now + MINUTE + MINUTE / 10,
    ...session,
  };
}

const refsOf = (sessions: readonly RegisteredSession[]) =>
  sessions.map(({ ref }) => ref).toSorted();

/**
 * Describes what the module relies on in a registry of signed-in sessions, as tests, for any runner with
 * a global `describe` and `it`. Each test has owners of its own, so it needs no empty server.
 *
 * @example
 * ```ts
 * describeSessionRegistry(() => new MySessionRegistry(connection), { title: 'MySessionRegistry' });
 * ```
 */
export function describeSessionRegistry(
  factory: SessionRegistryFactory,
  { title = 'a session registry', another }: DescribeSessionRegistryOptions = {},
): void {
  const open = async (): Promise<Subject> => {
    const registry = await factory();
    return { registry, other: (await another?.()) ?? registry };
  };

  describe(title, () => {
    it('knows nothing of an owner to whom nothing was added', async () => {
      const { registry } = await open();
      const owner = newKey();
      assert.equal(await registry.find(owner, newRef()), undefined);
      assert.equal(await registry.remove(owner, newRef()), undefined);
      assert.equal(await registry.replace(owner, newRegisteredSession(), newKey()), false);
      assert.deepEqual(await registry.list(owner), []);
      assert.deepEqual(await registry.removeAll(owner), []);
    });

    it('finds and lists what was added, whole', async () => {
      const { registry, other } = await open();
      const owner = newKey();
      const session = newRegisteredSession({ label: 'Ünïcode "quoted" { } \n 😀' });
      const second = newRegisteredSession();
      await registry.add(owner, session);
      await registry.add(owner, second);
      assert.deepEqual(await other.find(owner, session.ref), session);
      assert.deepEqual(await other.find(owner, second.ref), second);
      assert.deepEqual(refsOf(await other.list(owner)), refsOf([session, second]));
    });

    it('keeps owners apart', async () => {
      const { registry } = await open();
      const [owner, stranger, session] = [newKey(), newKey(), newRegisteredSession()];
      await registry.add(owner, session);
      assert.equal(await registry.find(stranger, session.ref), undefined);
      assert.equal(await registry.remove(stranger, session.ref), undefined);
      assert.equal(await registry.replace(stranger, session, session.key), false);
      assert.deepEqual(await registry.removeAll(stranger), []);
      assert.deepEqual(await registry.find(owner, session.ref), session);
    });

    it('adds in the place of the same ref', async () => {
      const { registry } = await open();
      const [owner, session] = [newKey(), newRegisteredSession()];
      const next = newRegisteredSession({ ref: session.ref });
      await registry.add(owner, session);
      await registry.add(owner, next);
      assert.deepEqual(await registry.list(owner), [next]);
    });

    it('replaces an entry that has the key, and no other', async () => {
      const { registry, other } = await open();
      const [owner, session] = [newKey(), newRegisteredSession()];
      const next = newRegisteredSession({ ref: session.ref, label: 'another' });
      await registry.add(owner, session);
      assert.equal(await registry.replace(owner, next, newKey()), false);
      assert.deepEqual(await other.find(owner, session.ref), session);
      assert.equal(await registry.replace(owner, next, session.key), true);
      assert.deepEqual(await other.find(owner, session.ref), next);
      assert.equal(await registry.replace(owner, session, session.key), false);
    });

    it('takes the same replacement twice, as a client that resends makes it', async () => {
      const { registry } = await open();
      const [owner, session] = [newKey(), newRegisteredSession()];
      const next = newRegisteredSession({ ref: session.ref });
      await registry.add(owner, session);
      assert.equal(await registry.replace(owner, next, session.key), true);
      assert.equal(await registry.replace(owner, next, session.key), true);
    });

    it('brings back nothing that was removed', async () => {
      const { registry, other } = await open();
      const [owner, session, second] = [newKey(), newRegisteredSession(), newRegisteredSession()];
      await registry.add(owner, session);
      await registry.add(owner, second);
      assert.deepEqual(await other.remove(owner, session.ref), session);
      assert.equal(await registry.remove(owner, session.ref), undefined);
      assert.equal(await registry.replace(owner, session, session.key), false);
      assert.equal(await registry.find(owner, session.ref), undefined);
      assert.deepEqual(await registry.list(owner), [second]);
    });

    it('removes all sessions of an owner, but for one', async () => {
      const { registry, other } = await open();
      const owner = newKey();
      const [kept, ...ended] = [
        newRegisteredSession(),
        newRegisteredSession(),
        newRegisteredSession(),
      ];
      for (const session of [kept, ...ended]) await registry.add(owner, session);
      assert.deepEqual(refsOf(await other.removeAll(owner, kept.ref)), refsOf(ended));
      assert.deepEqual(await registry.list(owner), [kept]);
      for (const { ref } of ended) assert.equal(await registry.find(owner, ref), undefined);
      assert.equal(await registry.replace(owner, ended[0], ended[0].key), false);
      const later = newRegisteredSession();
      await registry.add(owner, later);
      assert.deepEqual(refsOf(await registry.list(owner)), refsOf([kept, later]));
      assert.deepEqual(refsOf(await registry.removeAll(owner)), refsOf([kept, later]));
      assert.deepEqual(await registry.list(owner), []);
    });

    it('removes what is not over only because another session lives longer', async () => {
      const { registry } = await open();
      const owner = newKey();
      const now = Date.now();
      const long = newRegisteredSession({
        expiresAt: now + 50 * MINUTE,
        keepUntil: now + 55 * MINUTE,
      });
      const short = newRegisteredSession();
      await registry.add(owner, long);
      await registry.add(owner, short);
      assert.equal(await registry.replace(owner, short, short.key), true);
      assert.deepEqual(await registry.find(owner, long.ref), long);
    });

    it('leaves nothing behind where sessions are told of uses, added and all removed at once', async () => {
      const { registry, other } = await open();
      for (let round = 0; round < ROUNDS; round++) {
        const owner = newKey();
        const sessions = Array.from({ length: RIVALS }, () => newRegisteredSession());
        for (const session of sessions) await registry.add(owner, session);
        const uses = sessions.map(async (session, i) =>
          (i % 2 === 0 ? registry : other).replace(owner, session, session.key),
        );
        await Promise.all([other.removeAll(owner, sessions[0].ref), ...uses]);
        assert.deepEqual(refsOf(await registry.list(owner)), [sessions[0].ref]);
        for (const { ref } of sessions.slice(1)) {
          assert.equal(await other.find(owner, ref), undefined);
        }
      }
    });

    it('knows each of several that were added at once', async () => {
      const { registry } = await open();
      const owner = newKey();
      const sessions = Array.from({ length: RIVALS }, () => newRegisteredSession());
      await Promise.all(sessions.map(async (session) => registry.add(owner, session)));
      assert.deepEqual(refsOf(await registry.list(owner)), refsOf(sessions));
    });
  });
}
