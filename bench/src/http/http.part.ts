import { roundsOr, secondsOr } from '../knobs.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { adapterTables, rivals } from './adapter-tables.js';
import { CONTROL, hold } from './contest.js';
import { ROUTES } from './peers.js';

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
  const rounds = roundsOr(7);
  const seconds = secondsOr(1);
  const targets = new Targets();
  const tables: string[] = [];
  for (const adapter of ['express', 'fastify'] as const) {
    const names = rivals(adapter)
      .map(({ app }) => app)
      .filter((app) => app !== CONTROL);
    const plan = { adapter, base: 'bare', names, routes: ROUTES, rounds, seconds };
    const contest = await hold(plan);
    tables.push(adapterTables(adapter, contest, targets));
  }
  return [
    circumstances('http', PACKAGES),
    `${rounds} rounds of ${seconds} s: median (minimum to maximum). ${targets.summary()}`,
    ...tables,
  ].join('\n\n');
}
