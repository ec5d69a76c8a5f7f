import type { Ratios } from '../http/pair.js';
import { controlRows, type Row, routeTable, titleOf } from '../http/route-table.js';
import type { Run } from '../http/run.js';
import type { Adapter } from '../http/server.js';
import { showSpread, type Targets } from '../report/targets.js';
import { AHEAD, COST, IN_MEMORY, IN_REDIS, REDIS_PEER, USING, WITHOUT } from './sides.js';

const FIGURES: Readonly<Record<keyof Ratios, string>> = {
  cpu: 'CPU time of the server for a request',
  throughput: 'requests per second',
};

export function memoryTables(adapter: Adapter, run: Run, targets: Targets): string[] {
  const title = titleOf(adapter);
  return (['cpu', 'throughput'] as const).flatMap((figure) => [
    `### ${title}: ${FIGURES[figure]} with a registry in memory, as a ratio to the same without one`,
    routeTable([...controlRows(run, figure), costRow(adapter, run, figure, targets)], USING),
  ]);
}

function costRow(adapter: Adapter, run: Run, figure: keyof Ratios, targets: Targets): Row {
  return [
    '**ours**, sessions in the cookie',
    (route) =>
      targets.cell(
        `${adapter} /${route} with a registry in memory, ${FIGURES[figure]}`,
        run.ratios(IN_MEMORY, WITHOUT)[route][figure],
        COST[figure],
      ),
  ];
}

export function redisTables(run: Run, targets: Targets): string[] {
  const title = (figure: keyof Ratios) =>
    `### Express: ${FIGURES[figure]} with a registry in Redis, as a ratio to ${REDIS_PEER.title}`;
  return [
    title('throughput'),
    routeTable([...controlRows(run, 'throughput'), ...throughputs(run, targets)], USING),
    title('cpu'),
    routeTable([...controlRows(run, 'cpu'), ...cpuTimes(run)], USING),
  ];
}

function throughputs(run: Run, targets: Targets): Row[] {
  return IN_REDIS.map(({ app, title }) => [
    title,
    (route) =>
      targets.cell(
        `express /${route}, ${app} against ${REDIS_PEER.title}`,
        run.ratios(app, REDIS_PEER.app)[route].throughput,
        AHEAD,
      ),
  ]);
}

function cpuTimes(run: Run): Row[] {
  return IN_REDIS.map(({ app, title }) => [
    title,
    (route) => showSpread(run.ratios(app, REDIS_PEER.app)[route].cpu),
  ]);
}
