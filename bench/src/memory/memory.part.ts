import { requestsOr, roundsOr } from '../knobs.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { memoryTable } from './memory-table.js';
import { startTable } from './start-table.js';

const PACKAGES = ['@nestjs/core', '@nestjs/platform-express', '@nestjs/platform-fastify'];

/** Part 3: what the library adds to an application's memory and to its start. */
export async function measure(): Promise<string> {
  const rounds = roundsOr(15);
  const targets = new Targets();
  const tables = [
    ['Memory', await memoryTable(targets)],
    ['Start', await startTable(targets, rounds)],
  ];
  return [
    circumstances('memory', PACKAGES),
    `${requestsOr(200_000)} requests, ${rounds} starts: median (minimum to maximum). ${targets.summary()}`,
    ...tables.map(([title, content]) => `### ${title}\n\n${content}`),
  ].join('\n\n');
}
