/** The blocks of the manual that connect to a server, on a real one each. */
import type { Type } from '@nestjs/common';
import { adapters, closeApps, SECRET, startApp } from './support/app.js';
import { describeWithPostgres, PostgresServer } from './support/postgres-server.js';
import { PAGES, Project } from './support/readme.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';

// The blocks read it when they are evaluated.
process.env.SESSION_SECRET = SECRET;
const project = new Project(PAGES.filter(({ name }) => name === 'stores'));

afterAll(() => project.remove());

/** What three votes are answered, with the module of a block, on one adapter after the other. */
async function votesWith(SessionsModule: Type<unknown>): Promise<unknown[]> {
  const { VotesController } =
    await project.import<Record<string, Type<unknown>>>('stores/stores.ts');
  const answers: unknown[] = [];
  for (const adapter of adapters) {
    const app = await startApp(adapter, {
      imports: [SessionsModule],
      controllers: [VotesController],
    });
    const client = app.client();
    for (let i = 0; i < 3; i++) answers.push((await client.post('/votes')).json);
  }
  return answers;
}

const three = [{ votes: 1 }, { votes: 2 }, { votes: 3 }];
const votes = adapters.flatMap(() => three);

describe('the block of the manual for a store in memory', () => {
  afterAll(closeApps);

  it('keeps the votes', async () => {
    const { InMemoryModule } = await project.import<Record<string, Type<unknown>>>(
      'stores/src/in-memory.module.ts',
    );
    expect(await votesWith(InMemoryModule)).toEqual(votes);
  });
});

describeWithRedis('the block of the manual for Redis', () => {
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
    }>('stores/src/in-redis.module.ts');
    expect(await votesWith(InRedisModule)).toEqual(votes);
    expect(await redis.keys('session:*')).toHaveLength(2);
    redis.destroy();
  });
});

describeWithPostgres('the blocks of the manual for PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
    process.env.DATABASE_URL = server.url;
  }, 180_000);
  afterAll(async () => {
    await closeApps();
    await server?.stop();
  });

  it('keep the votes, by Keyv', async () => {
    const { InKeyvModule, keyv } = await project.import<{
      InKeyvModule: Type<unknown>;
      keyv: { disconnect(): Promise<void> };
    }>('stores/src/in-keyv.module.ts');
    expect(await votesWith(InKeyvModule)).toEqual(votes);
    await keyv.disconnect();
  });

  it('keep the votes, by a store that was written for express-session', async () => {
    const { InPostgresModule, pool } = await project.import<{
      InPostgresModule: Type<unknown>;
      pool: { query(text: string): Promise<{ rowCount: number }>; end(): Promise<void> };
    }>('stores/src/in-postgres.module.ts');
    expect(await votesWith(InPostgresModule)).toEqual(votes);
    expect((await pool.query('SELECT sid FROM session')).rowCount).toBe(2);
    await pool.end();
  });
});
