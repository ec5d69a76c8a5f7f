import { IRON_SESSION, OURS_TO_BARE } from './peers.js';
import { titleOf } from './route-table.js';
import type { Run } from './run.js';
import type { Adapter } from './server.js';

/**
 * Which missed targets against iron-session contradict those against the bare application: who just
 * meets the latter does not meet the former, as slow as iron-session was measured to be.
 *
 * @returns a sentence, or none where they go together
 */
export function outOfReach(adapter: Adapter, run: Run): string[] {
  const reasons = (['read', 'write'] as const).flatMap((route) => {
    const { atLeast } = IRON_SESSION.targets[route];
    const own = OURS_TO_BARE[adapter][route].atLeast;
    const iron = run.ratios(IRON_SESSION.app, 'bare')[route].throughput.median;
    const isMet = run.ratios('ours', IRON_SESSION.app)[route].throughput.median >= atLeast;
    if (isMet || own / iron >= atLeast) return [];
    const [bare, ours] = [1 / iron, own / iron].map((ratio) => ratio.toFixed(1));
    return `on \`/${route}\` the bare application is ${bare} times as fast as iron-session, so at its target of ${own} of that application ours is ${ours} times as fast, and not ${atLeast}`;
  });
  if (reasons.length === 0) return [];
  return [`Out of reach by these figures on ${titleOf(adapter)}: ${reasons.join('; ')}.`];
}
