/** The blocks of the README that connect to a server, on a real one each. */
import type { Type } from '@nestjs/common';
import { closeApps, SECRET, startApp } from './support/app.js';
import { describeWithPostgres, PostgresServer } from './support/postgres-server.js';
import { Project, README } from './support/readme.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';

// The blocks read it when they are evaluated.
process.env.SESSION_SECRET = SECRET;
const project = new Project(README);

afterAll(() => project.remove());

/** Votes three times, on each adapter, with the module of a block. */
async function expectVotes(SessionsModule: Type<unknown>): Promise<void> {
  const { VotesController } = await project.import<Record<string, Type<unknown>>>(
    'where-the-session-lives.ts',
  );
  for (const adapter of ['Express', 'Fastify'] as const) {
    const app = await startApp(adapter, {
      imports: [SessionsModule],
      controllers: [VotesController],
    });
    const client = app.client();
    for (const votes of [1, 2, 3]) expect((await client.post('/votes')).json).toEqual({ votes });
    expect([...client.jar.keys()]).toEqual(['app']);
  }
}

describe('the block of the README for a store in memory', () => {
  afterAll(closeApps);

  it('keeps the votes', async () => {
    const { InMemoryModule } =
      await project.import<Record<string, Type<unknown>>>('src/in-memory.module.ts');
    await expectVotes(InMemoryModule);
  });
});

describeWithRedis('the block of the README for Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    process.env.REDIS_URL = server.url;
  });
  afterAll(async () => {
    await closeApps();
    await server?.stop();
  });

  it('keeps the votes', async () => {
    const { InRedisModule, redis } = await project.import<{
      InRedisModule: Type<unknown>;
      redis: { keys(pattern: string): Promise<string[]>; destroy(): void };
    }>('src/in-redis.module.ts');
    await expectVotes(InRedisModule);
    expect(await redis.keys('session:*')).toHaveLength(2);
    redis.destroy();
  });
});

describeWithPostgres('the blocks of the README for PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
    process.env.DATABASE_URL = server.url;
  }, 60_000);
  afterAll(async () => {
    await closeApps();
    await server?.stop();
  });

  it('keep the votes, by Keyv', async () => {
    const { InKeyvModule, keyv } = await project.import<{
      InKeyvModule: Type<unknown>;
      keyv: { disconnect(): Promise<void> };
    }>('src/in-keyv.module.ts');
    await expectVotes(InKeyvModule);
    await keyv.disconnect();
  });

  it('keep the votes, by a store that was written for express-session', async () => {
    const { InPostgresModule, pool } = await project.import<{
      InPostgresModule: Type<unknown>;
      pool: { query(text: string): Promise<{ rowCount: number }>; end(): Promise<void> };
    }>('src/in-postgres.module.ts');
    await expectVotes(InPostgresModule);
    expect((await pool.query('SELECT sid FROM session')).rowCount).toBe(2);
    await pool.end();
  });
});
