import { showSpread, type Targets } from '../report/targets.js';
import { OURS_TO_BARE, PEERS } from './peers.js';
import { controlRows, type Row, routeTable, titleOf } from './route-table.js';
import type { Pair, Run } from './run.js';
import type { Adapter } from './server.js';

/** What stands in the tables of an adapter. */
export function pairsOf(adapter: Adapter): Pair[] {
  return [
    ...besideBare(adapter).map(({ app, sessions }): Pair => [app, 'bare', sessions]),
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
  return besideBare(adapter).map(({ app, title, sessions }) => [
    title,
    (route) => {
      const { throughput } = run.ratios(app, 'bare', sessions)[route];
      const isOurs = app === 'ours' && sessions === undefined;
      const target = isOurs ? OURS_TO_BARE[adapter][route] : undefined;
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
  return besideBare(adapter).map(({ app, title, sessions }) => [
    title,
    (route) => showSpread(run.ratios(app, 'bare', sessions)[route].cpu),
  ]);
}

/** More than ours remembers, so that it has to open the cookie of each request. */
const MANY_SESSIONS = 600;

function besideBare(
  adapter: Adapter,
): readonly { readonly app: string; readonly title: string; readonly sessions?: number }[] {
  return [
    {
      app: 'no-op-interceptor',
      title: 'the floor: an interceptor and a parameter decorator that do nothing',
    },
    { app: 'ours', title: '**ours**' },
    { app: 'ours', title: 'ours, each cookie new to it', sessions: MANY_SESSIONS },
    ...PEERS[adapter],
  ];
}
