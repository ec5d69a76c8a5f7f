import { cookieOfOurs } from '../http/client.js';
import { table } from '../report/table.js';
import type { Targets } from '../report/targets.js';
import { type Residence, residenceOf } from './residence.js';

const FORMAT = { digits: 1, unit: 'MB' };
/** What is left of a heap differs by as much from one collection to the next. */
const NO_GROWTH = { atMost: 1 };
const CLOSE_TO_BARE = { atMost: 10 };

/** Resident memory after many requests, against the bare application. */
export async function memoryTable(targets: Targets): Promise<string> {
  const rows: string[][] = [];
  for (const adapter of ['express', 'fastify'] as const) {
    const cookie = await cookieOfOurs(adapter);
    const bare = await residenceOf(adapter, 'bare', cookie);
    const ours = await residenceOf(adapter, 'ours', cookie);
    rows.push(row(targets, adapter, ours, bare));
  }
  return table(
    [
      '',
      'resident, more than the bare application',
      'heap, growth after warm-up',
      'resident, growth after warm-up',
      'the same of the bare application',
    ],
    rows,
  );
}

function row(targets: Targets, adapter: string, ours: Residence, bare: Residence): string[] {
  const more = ours.resident - bare.resident;
  return [
    adapter,
    `${shown(more)}, ${targets.verdict(`${adapter} memory`, more, CLOSE_TO_BARE, FORMAT)}`,
    `${shown(ours.heapGrowth)}, ${targets.verdict(`${adapter} heap`, ours.heapGrowth, NO_GROWTH, FORMAT)}`,
    shown(ours.growth),
    shown(bare.growth),
  ];
}

function shown(megabytes: number): string {
  return `${megabytes.toFixed(FORMAT.digits)} ${FORMAT.unit}`;
}
