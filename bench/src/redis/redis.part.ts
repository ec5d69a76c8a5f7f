import { ROUNDS_SHOWN } from '../http/pair.js';
import { titleOf } from '../http/route-table.js';
import { holdRun, QUIET_WITH_REDIS as quiet } from '../http/run.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { commandTable } from './command-table.js';
import { MAX_COMMANDS, OURS, REDIS_PEERS } from './peers.js';
import { RedisServer } from './redis-server.js';
import { pairsOf, redisTables } from './redis-tables.js';

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
export const SESSIONS = 256;

/** Part 4: what a session in Redis costs a Nest application, over HTTP. */
export function measure(): Promise<string | undefined> {
  return RedisServer.use('redis', measureWith);
}

async function measureWith({ url, version }: RedisServer): Promise<string> {
  const targets = new Targets();
  const tables: string[] = [];
  const ours = { app: OURS, title: '**ours**', maxCommands: MAX_COMMANDS };
  for (const adapter of ['express', 'fastify'] as const) {
    const ground = { adapter, sessions: SESSIONS, env: { REDIS_URL: url }, quiet };
    const run = await holdRun(ground, OURS, pairsOf(adapter));
    tables.push(
      ...redisTables(adapter, run, targets),
      `### ${titleOf(adapter)}: commands to Redis for a request`,
      await commandTable(adapter, url, [ours, ...REDIS_PEERS[adapter]], targets),
    );
  }
  return [
    `${circumstances('redis', PACKAGES)}\nRedis ${version}.`,
    `${ROUNDS_SHOWN} ${targets.summary()}`,
    ...tables,
  ].join('\n\n');
}
