import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { adapterTables, pairsOf } from './adapter-tables.js';
import { outOfReach } from './out-of-reach.js';
import { ROUNDS_SHOWN } from './pair.js';
import { holdRun } from './run.js';

const PACKAGES = [
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@fastify/secure-session',
  '@fastify/session',
  'cookie-session',
  'express-session',
  'iron-session',
];

/** Part 2: what a session costs a Nest application, over HTTP. */
export async function measure(): Promise<string> {
  const targets = new Targets();
  const tables: string[] = [];
  const contradictions: string[] = [];
  for (const adapter of ['express', 'fastify'] as const) {
    const run = await holdRun({ adapter }, 'bare', pairsOf(adapter));
    tables.push(...adapterTables(adapter, run, targets));
    contradictions.push(...outOfReach(adapter, run));
  }
  return [
    circumstances('http', PACKAGES),
    `${ROUNDS_SHOWN} ${targets.summary()}`,
    ...contradictions,
    ...tables,
  ].join('\n\n');
}
