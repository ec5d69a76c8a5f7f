import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adapters } from '../support/app.js';
import { assertBuilt } from '../support/built-library.js';
import { Client } from '../support/client.js';
import { describeWithPostgres, hasPostgres, PostgresServer } from '../support/postgres-server.js';
import { describeWithRedis, hasRedis, RedisServer } from '../support/redis-server.js';
import { freePort, ServerProcess } from '../support/server-process.js';

const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), 'slow-process.mjs');
/** Each process writes in every other. Nothing in them is left to chance. */
const ROUNDS = 20;

/** Stores that cannot compare and write, and the servers that they are kept on. */
const STORES = {
  'keyv-postgres': 'PostgreSQL',
  'connect-pg-simple': 'PostgreSQL',
  'keyv-redis': 'Redis',
} as const;
type Kind = keyof typeof STORES;

const present = { PostgreSQL: hasPostgres, Redis: hasRedis };
const kinds = (Object.keys(STORES) as Kind[]).filter((kind) => present[STORES[kind]]);

/** Two processes, one of each adapter, each with an application for each store. */
const processes: ServerProcess[] = [];
const servers: { stop(): Promise<void> }[] = [];
/** The addresses of the applications with a store. */
const addresses: Record<Kind, string[]> = {
  'keyv-postgres': [],
  'connect-pg-simple': [],
  'keyv-redis': [],
};

beforeAll(async () => {
  assertBuilt();
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>) => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  const [postgres, redis] = await Promise.all([
    hasPostgres ? started(PostgresServer.start()) : undefined,
    hasRedis ? started(RedisServer.start()) : undefined,
  ]);
  const urls = { PostgreSQL: postgres?.url, Redis: redis?.url };
  // One after the other: PostgreSQL refuses one of two that make a table at once.
  for (const adapter of adapters) {
    const args = [FIXTURE, adapter];
    for (const kind of kinds) {
      const port = await freePort();
      args.push(kind, urls[STORES[kind]]!, `${port}`);
      addresses[kind].push(`http://127.0.0.1:${port}`);
    }
    processes.push(await ServerProcess.start(process.execPath, args, { ready: /^listening$/ }));
  }
}, 180_000);
afterAll(async () => {
  await Promise.all(processes.map((one) => one.kill()));
  await Promise.all(servers.map((one) => one.stop()));
});

/** What two processes are promised that share a store. */
function describeProcesses(kind: Kind): void {
  const urls = addresses[kind];

  function clientOf(number: number, other?: Client): Client {
    const client = new Client(urls[number % urls.length]);
    for (const [name, value] of other?.jar ?? []) client.jar.set(name, value);
    return client;
  }
  const valuesOf = async (client: Client) => (await client.get('/read')).json.values;
  /** What the cookie that a client had opens, in each process. */
  const replayed = (client: Client) =>
    Promise.all(urls.map((_, number) => valuesOf(clientOf(number, client))));

  it('statement 23: the cookie of a session that was signed out opens nothing in either', async () => {
    const client = clientOf(0);
    await client.get('/begin');
    const copy = clientOf(1, client);
    expect(await valuesOf(copy)).toEqual({ user: 'ada' });
    await client.get('/destroy');
    expect(await replayed(copy)).toEqual([{}, {}]);
  });

  it.each([
    ['statement 25', 'destroy', {}],
    ['statement 26', 'regenerate', { user: 'ada' }],
  ])(
    `%s: a write that reaches the store after /%s brings nothing back, in ${ROUNDS} rounds`,
    async (_statement, end, left) => {
      const revived: unknown[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const client = clientOf(round);
        await client.get('/begin');
        const [tab, writer] = [clientOf(round + 1, client), clientOf(round + 1)];
        await writer.get('/hold');
        const slow = tab.get('/set');
        await writer.get('/reachedWrite');
        const copy = clientOf(round, client);
        await client.get(`/${end}`);
        await writer.get('/letWrite');
        // It lies in the store, and its writer, which others of its process wait for, has no answer yet.
        const whileWritten = await valuesOf(copy);
        await writer.get('/letAnswer');
        const answer = await slow;
        const answers = [whileWritten, await replayed(copy), answer.setCookies];
        if (JSON.stringify(answers) !== '[{},[{},{}],[]]') revived.push({ round, answers });
        expect(await valuesOf(client)).toEqual(left);
      }
      expect(revived).toEqual([]);
    },
    120_000,
  );

  it.each([
    ['statement 25', 'slowSet', 'destroy'],
    ['statement 25', 'slowRead', 'destroy'],
    ['statement 26', 'slowSet', 'regenerate'],
    ['statement 26', 'slowRead', 'regenerate'],
  ])('%s: a /%s that began before /%s brings nothing back', async (_statement, path, end) => {
    for (const number of urls.keys()) {
      const client = clientOf(number);
      await client.get('/begin');
      const [tab, other] = [clientOf(number + 1, client), clientOf(number + 1)];
      await other.get('/hold');
      const slow = tab.get(`/${path}`);
      await other.get('/reachedHandler');
      const copy = clientOf(number, client);
      await client.get(`/${end}`);
      await other.get('/letHandler');
      const answer = await slow;
      expect([answer.json, answer.setCookies]).toEqual([{ user: 'ada' }, []]);
      expect(await replayed(copy)).toEqual([{}, {}]);
    }
  });
}

describeWithPostgres('two processes with KeyvSessionStore on one PostgreSQL', () => {
  describeProcesses('keyv-postgres');
});
describeWithPostgres('two processes with connect-pg-simple on one PostgreSQL', () => {
  describeProcesses('connect-pg-simple');
});
describeWithRedis('two processes with KeyvSessionStore on one Redis', () => {
  describeProcesses('keyv-redis');
});
