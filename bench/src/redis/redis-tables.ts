import { controlRows, type Row, routeTable, titleOf } from '../http/route-table.js';
import type { Pair, Run } from '../http/run.js';
import type { Adapter } from '../http/server.js';
import { showSpread, type Targets } from '../report/targets.js';
import { OURS, REDIS_PEERS } from './peers.js';

/** What stands in the tables of an adapter. */
export function pairsOf(adapter: Adapter): Pair[] {
  return REDIS_PEERS[adapter].map(({ app }) => [OURS, app]);
}

export function redisTables(adapter: Adapter, run: Run, targets: Targets): string[] {
  const title = titleOf(adapter);
  return [
    `### ${title}: requests per second of ours, as a ratio to each peer`,
    routeTable([...controlRows(run, 'throughput'), ...throughputs(adapter, run, targets)]),
    `### ${title}: CPU time of the server for a request of ours, as a ratio to each peer`,
    routeTable([...controlRows(run, 'cpu'), ...cpuTimes(adapter, run)]),
  ];
}

function throughputs(adapter: Adapter, run: Run, targets: Targets): Row[] {
  return REDIS_PEERS[adapter].map(({ app, title, targets: wanted }) => [
    title,
    (route) =>
      targets.cell(
        `${adapter} /${route} against ${title}`,
        run.ratios(OURS, app)[route].throughput,
        wanted?.[route],
      ),
  ]);
}

function cpuTimes(adapter: Adapter, run: Run): Row[] {
  return REDIS_PEERS[adapter].map(({ app, title }) => [
    title,
    (route) => showSpread(run.ratios(OURS, app)[route].cpu),
  ]);
}
