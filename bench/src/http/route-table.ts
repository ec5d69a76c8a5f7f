import { table } from '../report/table.js';
import { showSpread } from '../report/targets.js';
import type { Ratios } from './pair.js';
import { type Route, ROUTES } from './routes.js';
import type { Run } from './run.js';
import type { Adapter } from './server.js';

/** An application, and what the table tells of it on a route. */
export type Row = readonly [title: string, cell: (route: Route) => string];

export function routeTable(rows: readonly Row[], routes: readonly Route[] = ROUTES): string {
  const head = ['', ...routes.map((route) => `\`/${route}\``)];
  return table(
    head,
    rows.map(([title, cell]) => [title, ...routes.map(cell)]),
  );
}

export function controlRows({ controls }: Run, figure: keyof Ratios): Row[] {
  return [
    ['itself, the first control', (route) => showSpread(controls.first[route][figure])],
    ['itself, the last control', (route) => showSpread(controls.last[route][figure])],
  ];
}

export function titleOf(adapter: Adapter): string {
  return adapter === 'express' ? 'Express' : 'Fastify';
}
