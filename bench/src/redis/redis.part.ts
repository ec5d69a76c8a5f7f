import { hold } from '../http/contest.js';
import { ROUTES } from '../http/peers.js';
import { roundsOr, secondsOr } from '../knobs.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { commandTable } from './command-table.js';
import { OURS, REDIS_PEERS } from './peers.js';
import { RedisServer } from './redis-server.js';
import { redisTables, titleOf } from './redis-tables.js';

const PACKAGES = [
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@fastify/session',
  'connect-redis',
  'express-session',
  'redis',
];

/** So many that hardly ever two requests at once write to one of them. */
const SESSIONS = 256;

/** Part 4: what a session in Redis costs a Nest application, over HTTP. */
export function measure(): Promise<string | undefined> {
  return RedisServer.use('redis', measureWith);
}

async function measureWith({ url, version }: RedisServer): Promise<string> {
  const rounds = roundsOr(7);
  const seconds = secondsOr(1);
  const targets = new Targets();
  const tables: string[] = [];
  for (const adapter of ['express', 'fastify'] as const) {
    const names = REDIS_PEERS[adapter].map(({ app }) => app);
    const contest = await hold({
      adapter,
      base: OURS,
      names,
      routes: ROUTES,
      rounds,
      seconds,
      sessions: SESSIONS,
      env: { REDIS_URL: url },
    });
    tables.push(...redisTables(adapter, contest, targets));
    tables.push(
      `### ${titleOf(adapter)}: commands to Redis for a request`,
      await commandTable(adapter, url, targets),
    );
  }
  return [
    `${circumstances('redis', PACKAGES)}\nRedis ${version}.`,
    `${rounds} rounds of ${seconds} s: median (minimum to maximum). ${targets.summary()}`,
    ...tables,
  ].join('\n\n');
}
