import { table } from '../report/table.js';
import type { Targets } from '../report/targets.js';
import type { Visitors } from './visitors.js';

const COUNT = { digits: 0 };
const NONE = { atMost: 0 };
const SOME = { atLeast: 1 };

export function latencyTable({ latencies }: Visitors, seconds: number): string {
  const rows = Object.entries({ ...latencies, all: Object.values(latencies).flat() });
  return table(
    ['', 'requests', 'a second', 'p50', 'p99'],
    rows.map(([kind, times]) => {
      const sorted = times.toSorted((one, other) => one - other);
      const quantile = (part: number) =>
        `${sorted[Math.floor(sorted.length * part)].toFixed(1)} ms`;
      return [
        kind,
        String(times.length),
        (times.length / seconds).toFixed(0),
        quantile(0.5),
        quantile(0.99),
      ];
    }),
  );
}

export interface Outcome {
  readonly changedSessions: number;
  readonly conflicts: number;
  readonly lost: number;
  readonly surplus: number;
  readonly serverErrors: number;
}

export function outcomeTable(outcome: Outcome, targets: Targets): string {
  const judged = (what: string, figure: number, target: typeof NONE | typeof SOME) => [
    what,
    `${figure}, ${targets.verdict(what, figure, target, COUNT)}`,
  ];
  return table(
    ['', ''],
    [
      ['sessions that were changed, and read again at the end', `${outcome.changedSessions}`],
      judged('writes that met a newer version, and were tried again', outcome.conflicts, SOME),
      judged('updates that were acknowledged and lost', outcome.lost, NONE),
      judged('updates that nobody sent, or that were done twice', outcome.surplus, NONE),
      judged('answers with a status of 500 or more', outcome.serverErrors, NONE),
    ],
  );
}
