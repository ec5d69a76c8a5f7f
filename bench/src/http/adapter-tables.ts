import { table } from '../report/table.js';
import { showSpread, type Targets } from '../report/targets.js';
import { type Contest, CONTROL } from './contest.js';
import { OURS_TO_BARE, PEERS, ROUTES } from './peers.js';
import type { Adapter } from './server.js';

const HEAD = ['', ...ROUTES.map((route) => `\`/${route}\``)];

/** What a contest on one adapter came to. */
export function adapterTables(adapter: Adapter, contest: Contest, targets: Targets): string {
  const title = adapter === 'express' ? 'Express' : 'Fastify';
  return [
    `### ${title}: requests per second, as a ratio to the bare application`,
    table(HEAD, toBare(adapter, contest, targets)),
    `### ${title}: requests per second of ours, as a ratio to each peer`,
    table(HEAD, toPeers(adapter, contest, targets)),
    `### ${title}: CPU time of the server for a request, as a ratio to the bare application`,
    table(HEAD, cpuToBare(adapter, contest)),
  ].join('\n\n');
}

function toBare(adapter: Adapter, contest: Contest, targets: Targets): string[][] {
  return rivals(adapter).map(({ app, title }) => [
    title,
    ...ROUTES.map((route) => {
      const { throughput } = contest.compare(route, app, 'bare');
      const target = app === 'ours' ? OURS_TO_BARE[adapter][route] : undefined;
      return targets.cell(`${adapter} /${route} against the bare application`, throughput, target);
    }),
  ]);
}

function toPeers(adapter: Adapter, contest: Contest, targets: Targets): string[][] {
  return PEERS[adapter].map((peer) => [
    peer.title,
    ...ROUTES.map((route) =>
      targets.cell(
        `${adapter} /${route} against ${peer.title}`,
        contest.compare(route, 'ours', peer.app).throughput,
        peer.targets[route],
      ),
    ),
  ]);
}

function cpuToBare(adapter: Adapter, contest: Contest): string[][] {
  return rivals(adapter).map(({ app, title }) => [
    title,
    ...ROUTES.map((route) => showSpread(contest.compare(route, app, 'bare').cpu)),
  ]);
}

/** All that is held against the bare application. */
export function rivals(adapter: Adapter): readonly { app: string; title: string }[] {
  return [
    { app: CONTROL, title: 'itself, the control' },
    { app: 'no-op-interceptor', title: 'an interceptor that does nothing' },
    { app: 'ours', title: '**ours**' },
    ...PEERS[adapter],
  ];
}
