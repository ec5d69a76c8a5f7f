import { ROUNDS_SHOWN } from '../http/pair.js';
import { holdRun, type Pair, QUIET_WITH_REDIS as quiet } from '../http/run.js';
import { commandTable } from '../redis/command-table.js';
import { RedisServer } from '../redis/redis-server.js';
import { SESSIONS } from '../redis/redis.part.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { memoryTables, redisTables } from './registry-tables.js';
import { IN_MEMORY, IN_REDIS, REDIS_PEER, USING, WITHOUT } from './sides.js';

const PACKAGES = [
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  'connect-redis',
  'express-session',
  'redis',
];

/** Part 5: what it costs to know who is signed in where. */
export async function measure(): Promise<string> {
  const targets = new Targets();
  const tables: string[] = [];
  for (const adapter of ['express', 'fastify'] as const) {
    const run = await holdRun({ adapter, routes: USING }, WITHOUT, [[IN_MEMORY, WITHOUT]]);
    tables.push(...memoryTables(adapter, run, targets));
  }
  const inRedis = await RedisServer.use('the registry in Redis', (redis) =>
    measureInRedis(redis, targets),
  );
  return [
    circumstances('registry', PACKAGES),
    `${ROUNDS_SHOWN} ${targets.summary()}`,
    ...tables,
    ...(inRedis === undefined ? [] : [inRedis]),
  ].join('\n\n');
}

async function measureInRedis({ url, version }: RedisServer, targets: Targets): Promise<string> {
  const adapter = 'express';
  const ground = {
    adapter,
    routes: USING,
    sessions: SESSIONS,
    env: { REDIS_URL: url },
    quiet,
  } as const;
  const pairs = IN_REDIS.map(({ app }): Pair => [app, REDIS_PEER.app]);
  const run = await holdRun(ground, IN_REDIS[0].app, pairs);
  return [
    ...redisTables(run, targets),
    `### Express: commands to Redis ${version} for a request`,
    await commandTable(adapter, url, [...IN_REDIS, REDIS_PEER], targets),
  ].join('\n\n');
}
