import { table } from '../report/table.js';
import { showSpread, type Targets } from '../report/targets.js';
import { spreadOf } from '../spread.js';
import { inFreshProcess } from './fresh-process.js';

const FORMAT = { digits: 1, unit: 'ms' };

/** What the library adds to the start of an application: each figure from fresh processes. */
export async function startTable(targets: Targets, rounds: number): Promise<string> {
  const imports: number[] = [];
  const importsBesideTransformer: number[] = [];
  const boots = { express: [] as number[], fastify: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    imports.push(await inFreshProcess('import.js'));
    importsBesideTransformer.push(await inFreshProcess('import.js', 'class-transformer'));
    for (const adapter of ['express', 'fastify'] as const) {
      const bare = await inFreshProcess('boot.js', adapter, 'bare');
      const ours = await inFreshProcess('boot.js', adapter, 'ours');
      boots[adapter].push(ours - bare);
    }
  }
  return table(
    ['', 'more than without it'],
    [
      ['import', targets.cell('import', spreadOf(imports), { atMost: 10 }, FORMAT)],
      [
        'import, where class-transformer is loaded already',
        showSpread(spreadOf(importsBesideTransformer), FORMAT),
      ],
      ...Object.entries(boots).map(([adapter, more]) => [
        `boot on ${adapter}`,
        targets.cell(`boot on ${adapter}`, spreadOf(more), { atMost: 40 }, FORMAT),
      ]),
    ],
  );
}
