import { showSpread, type Targets } from '../report/targets.js';
import { OURS_TO_BARE, PEERS } from './peers.js';
import { controlRows, type Row, routeTable, titleOf } from './route-table.js';
import type { Pair, Run } from './run.js';
import type { Adapter } from './server.js';

/** What stands in the tables of an adapter. */
export function pairsOf(adapter: Adapter): Pair[] {
  return [
    ...besideBare(adapter).map(({ app }): Pair => [app, 'bare']),
    ...PEERS[adapter].map(({ app }): Pair => ['ours', app]),
  ];
}

export function adapterTables(adapter: Adapter, run: Run, targets: Targets): string[] {
  const title = titleOf(adapter);
  return [
    `### ${title}: requests per second, as a ratio to the bare application`,
    routeTable([...controlRows(run, 'throughput'), ...toBare(adapter, run, targets)]),
    `### ${title}: requests per second of ours, as a ratio to each peer`,
    routeTable(toPeers(adapter, run, targets)),
    `### ${title}: CPU time of the server for a request, as a ratio to the bare application`,
    routeTable([...controlRows(run, 'cpu'), ...cpuToBare(adapter, run)]),
  ];
}

function toBare(adapter: Adapter, run: Run, targets: Targets): Row[] {
  return besideBare(adapter).map(({ app, title }) => [
    title,
    (route) => {
      const { throughput } = run.ratios(app, 'bare')[route];
      const target = app === 'ours' ? OURS_TO_BARE[adapter][route] : undefined;
      return targets.cell(`${adapter} /${route} against the bare application`, throughput, target);
    },
  ]);
}

function toPeers(adapter: Adapter, run: Run, targets: Targets): Row[] {
  return PEERS[adapter].map((peer) => [
    peer.title,
    (route) =>
      targets.cell(
        `${adapter} /${route} against ${peer.title}`,
        run.ratios('ours', peer.app)[route].throughput,
        peer.targets[route],
      ),
  ]);
}

function cpuToBare(adapter: Adapter, run: Run): Row[] {
  return besideBare(adapter).map(({ app, title }) => [
    title,
    (route) => showSpread(run.ratios(app, 'bare')[route].cpu),
  ]);
}

function besideBare(adapter: Adapter): readonly { app: string; title: string }[] {
  return [
    { app: 'no-op-interceptor', title: 'an interceptor that does nothing' },
    { app: 'ours', title: '**ours**' },
    ...PEERS[adapter],
  ];
}
