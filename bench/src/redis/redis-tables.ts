import { type Comparison, type Contest, CONTROL } from '../http/contest.js';
import { ROUTES } from '../http/peers.js';
import type { Adapter } from '../http/server.js';
import { table } from '../report/table.js';
import { showSpread, type Targets } from '../report/targets.js';
import { OURS, REDIS_PEERS } from './peers.js';

export const HEAD = ['', ...ROUTES.map((route) => `\`/${route}\``)];

/** What a contest on one adapter came to. */
export function redisTables(adapter: Adapter, contest: Contest, targets: Targets): string[] {
  return [
    `### ${titleOf(adapter)}: requests per second of ours, as a ratio to each peer`,
    table(HEAD, throughputs(adapter, contest, targets)),
    `### ${titleOf(adapter)}: CPU time of the server for a request of ours, as a ratio to each peer`,
    table(HEAD, cpuTimes(adapter, contest)),
  ];
}

export function titleOf(adapter: Adapter): string {
  return adapter === 'express' ? 'Express' : 'Fastify';
}

function throughputs(adapter: Adapter, contest: Contest, targets: Targets): string[][] {
  const peers = REDIS_PEERS[adapter].map(({ app, title, targets: wanted }) => [
    title,
    ...ROUTES.map((route) =>
      targets.cell(
        `${adapter} /${route} against ${title}`,
        contest.compare(route, OURS, app).throughput,
        wanted?.[route],
      ),
    ),
  ]);
  return [control(contest, 'throughput'), ...peers];
}

function cpuTimes(adapter: Adapter, contest: Contest): string[][] {
  const peers = REDIS_PEERS[adapter].map(({ app, title }) => [
    title,
    ...ROUTES.map((route) => showSpread(contest.compare(route, OURS, app).cpu)),
  ]);
  return [control(contest, 'cpu'), ...peers];
}

function control(contest: Contest, figure: keyof Comparison): string[] {
  return [
    'itself, the control',
    ...ROUTES.map((route) => showSpread(contest.compare(route, OURS, CONTROL)[figure])),
  ];
}
