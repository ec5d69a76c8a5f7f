import { MemorySessionStore, type SessionStore } from 'nestjs-typed-session';
import {
  type DescribeSessionStoreOptions,
  describeSessionStore,
} from 'nestjs-typed-session/testing';

interface Collected {
  title: string;
  run: () => Promise<void>;
}

/** The tests of the suite, registered with a runner that only takes them down. */
function collect(factory: () => SessionStore, options?: DescribeSessionStoreOptions): Collected[] {
  const tests: Collected[] = [];
  const titles: string[] = [];
  const own = { describe: globalThis.describe, it: globalThis.it };
  Object.assign(globalThis, {
    describe(title: string, body: () => void) {
      titles.push(title);
      body();
      titles.pop();
    },
    it: (title: string, run: () => Promise<void>) =>
      void tests.push({ title: [...titles, title].join(' '), run }),
  });
  try {
    describeSessionStore(factory, options);
  } finally {
    Object.assign(globalThis, own);
  }
  return tests;
}

/** The titles of the tests that fail. */
async function failuresOf(tests: Collected[]): Promise<string[]> {
  const results = await Promise.allSettled(tests.map(({ run }) => run()));
  return tests.filter((_, i) => results[i].status === 'rejected').map(({ title }) => title);
}

/** A store that breaks one rule. */
function broken(breakRule: (store: SessionStore) => Partial<SessionStore>): () => SessionStore {
  return () => {
    const store = new MemorySessionStore();
    const whole: SessionStore = {
      atomic: true,
      read: (key) => store.read(key),
      write: (key, session, replaces) => store.write(key, session, replaces),
      touch: (key, expiresAt) => store.touch(key, expiresAt),
      remove: (key, version) => store.remove(key, version),
    };
    return { ...whole, ...breakRule(whole) };
  };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('the suite for stores', () => {
  it('has nothing against a store that keeps the contract', async () => {
    expect(await failuresOf(collect(broken(() => ({}))))).toEqual([]);
  });

  it('is named as it was told to be', () => {
    const [{ title }] = collect(() => new MemorySessionStore(), { title: 'MyStore' });
    expect(title).toBe('MyStore where there is no entry reads as undefined');
    expect(collect(() => new MemorySessionStore())[0].title).toMatch(/^a session store /);
  });

  it.each<[string, RegExp, (store: SessionStore) => Partial<SessionStore>]>([
    [
      'gives null for what is absent',
      /where there is no entry reads as undefined/,
      ({ read }) => ({ read: async (key) => (await read(key)) ?? (null as never) }),
    ],
    [
      'writes whatever the version',
      /is not replaced by a write with another version/,
      ({ read, write }) => ({
        write: async (key, session) => write(key, session, (await read(key))?.version),
      }),
    ],
    [
      'brings back what was removed',
      /does not come back once it was removed/,
      ({ read, write }) => ({
        write: async (key, session, replaces) =>
          write(key, session, (await read(key)) === undefined ? undefined : replaces),
      }),
    ],
    [
      'refuses a write that it has done',
      /takes the same write twice/,
      ({ read, write }) => ({
        write: async (key, session, replaces) =>
          (await read(key))?.version !== session.version && write(key, session, replaces),
      }),
    ],
    [
      'compares, and later acts',
      /20 changes are all kept/,
      ({ read, write }) => ({
        write: async (key, session, replaces) => {
          const stored = await read(key);
          if (stored?.version !== replaces) return false;
          await tick();
          return write(key, session, (await read(key))?.version);
        },
      }),
    ],
    [
      'removes whatever the version',
      /is removed by its version, and by no other/,
      ({ remove }) => ({ remove: (key) => remove(key) }),
    ],
    [
      'says that it removed what was gone',
      /only one of 20 removes an entry/,
      ({ remove }) => ({ remove: async (key, version) => (await remove(key, version)) || true }),
    ],
    [
      'touches nothing',
      /a touch makes a life longer/,
      ({ read }) => ({ touch: async (key) => (await read(key)) !== undefined }),
    ],
    [
      'shortens a life by a touch',
      /a touch never makes a life shorter/,
      ({ read, remove, write }) => ({
        touch: async (key, expiresAt) => {
          const stored = await read(key);
          if (stored === undefined) return false;
          await remove(key);
          return write(key, { ...stored, expiresAt }, undefined);
        },
      }),
    ],
    [
      'touches by writing what it read before',
      /a touch takes back no write/,
      ({ read, touch, remove, write }) => ({
        touch: async (key, expiresAt) => {
          const stored = await read(key);
          if (stored === undefined) return false;
          await tick();
          await remove(key);
          await write(key, { ...stored, expiresAt }, undefined);
          return touch(key, expiresAt);
        },
      }),
    ],
    [
      'keeps what has expired, and says that it is alive',
      /a life ends/,
      ({ read, write }) => ({
        read: (key) => read(key),
        write: (key, session, replaces) =>
          write(key, { ...session, expiresAt: session.expiresAt + 60_000 }, replaces),
      }),
    ],
    [
      'cuts a text at NUL',
      /a text comes back as it was: NUL at both ends/,
      ({ write }) => ({
        write: (key, session, replaces) =>
          write(key, { ...session, text: session.text.split('\0')[0] }, replaces),
      }),
    ],
    [
      'knows no case in keys',
      /is apart from those whose keys look like its own/,
      ({ read, write, remove }) => ({
        read: (key) => read(key.toLowerCase()),
        write: (key, session, replaces) => write(key.toLowerCase(), session, replaces),
        remove: (key, version) => remove(key.toLowerCase(), version),
      }),
    ],
  ])('finds a store that %s', async (_, expected, breakRule) => {
    const tests = collect(broken(breakRule)).filter(({ title }) => expected.test(title));
    expect(await failuresOf(tests)).toEqual([expect.stringMatching(expected)]);
  });

  it('finds a store that shares its objects', async () => {
    const entries = new Map<string, any>();
    const sharing = broken(({ read, write, remove }) => ({
      read: async (key) => ((await read(key)) === undefined ? undefined : entries.get(key)),
      write: async (key, session, replaces) => {
        const written = await write(key, session, replaces);
        if (written) entries.set(key, session);
        return written;
      },
      remove,
    }));
    expect(await failuresOf(collect(sharing))).toContainEqual(
      expect.stringMatching(/does not change with the objects that were given or read/),
    );
  });

  it('finds a store that takes a damaged entry for a failure, where it can damage one', async () => {
    let damaged: string | undefined;
    const failing = broken(({ read }) => ({
      read: (key) => (key === damaged ? Promise.reject(new Error('not JSON')) : read(key)),
    }));
    const tests = collect(failing, { damage: (key) => (damaged = key) });
    expect(await failuresOf(tests)).toContainEqual(
      expect.stringMatching(/a damaged entry reads as UNREADABLE/),
    );
  });

  it('runs the races of an atomic store on another connection too', async () => {
    const [store, other] = [new MemorySessionStore(), new MemorySessionStore()];
    const failures = await failuresOf(collect(() => store, { another: () => other }));
    expect(failures).toContainEqual(expect.stringMatching(/only one of 20 makes an entry/));
  });
});
