import { availableParallelism, cpus, totalmem } from 'node:os';
import { secondsOr, sessionsOr } from '../knobs.js';
import { RedisServer } from '../redis/redis-server.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { latencyTable, outcomeTable } from './load-tables.js';
import { Servers } from './servers.js';
import { Visitors } from './visitors.js';

const PACKAGES = ['@nestjs/core', '@nestjs/platform-express', '@nestjs/platform-fastify', 'redis'];
const GB = 1024 ** 3;

/** Part 6: whether four processes keep every update, under load. It fails where one is lost. */
export function measure(): Promise<string | undefined> {
  return RedisServer.use('load', measureWith, { isPinned: false });
}

async function measureWith({ url, version }: RedisServer): Promise<string> {
  const seconds = secondsOr(60);
  const servers = await Servers.start(url);
  try {
    const sessions = await servers.begin(sessionsOr(100_000));
    const visitors = new Visitors(servers.client, sessions);
    await visitors.visitFor(seconds);
    // Now: reading all of them again is not part of the load.
    const latencies = latencyTable(visitors, seconds);
    const changedSessions = await visitors.readAllChanged();
    const targets = new Targets();
    const { lost, surplus, serverErrors } = visitors;
    const conflicts = await servers.conflicts();
    const outcome = { changedSessions, conflicts, lost, surplus, serverErrors };
    const outcomes = outcomeTable(outcome, targets);
    if (!targets.areMet) process.exitCode = 1;
    return [
      `${circumstances('load', PACKAGES)}\nRedis ${version}, and all of it on this machine: ${machine()}.`,
      `${sessions.length} sessions, ${seconds} s. ${targets.summary()}`,
      `### What became of the updates\n\n${outcomes}`,
      `### Requests\n\n${latencies}`,
    ].join('\n\n');
  } finally {
    await servers.stop();
  }
}

function machine(): string {
  const memory = Math.round(totalmem() / GB);
  return `${availableParallelism()} cores of ${cpus()[0].model.trim()}, ${memory} GB`;
}
