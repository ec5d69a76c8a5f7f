import { IRON_SESSION, OURS_TO_BARE, type Peer, PEERS } from './peers.js';
import { titleOf } from './route-table.js';
import type { Run } from './run.js';
import type { Adapter } from './server.js';

const USING = ['read', 'write'] as const;

/** Why targets of an adapter are missed that no code of ours can meet: a sentence each. */
export function outOfReach(adapter: Adapter, run: Run): string[] {
  return [
    ...againstIronSession(adapter, run),
    ...PEERS[adapter]
      .filter((peer) => peer !== IRON_SESSION)
      .flatMap((peer) => belowTheFloor(adapter, peer, run)),
  ];
}

/**
 * Which missed targets against iron-session contradict those against the bare application: who just
 * meets the latter does not meet the former, as slow as iron-session was measured to be.
 */
function againstIronSession(adapter: Adapter, run: Run): string[] {
  const reasons = USING.flatMap((route) => {
    const { atLeast } = IRON_SESSION.targets[route];
    const own = OURS_TO_BARE[adapter][route].atLeast;
    const iron = run.ratios(IRON_SESSION.app, 'bare')[route].throughput.median;
    const isMet = run.ratios('ours', IRON_SESSION.app)[route].throughput.median >= atLeast;
    if (isMet || own / iron >= atLeast) return [];
    const [bare, ours] = [1 / iron, own / iron].map((ratio) => ratio.toFixed(1));
    return `on \`/${route}\` the bare application is ${bare} times as fast as iron-session, so at its target of ${own} of that application ours is ${ours} times as fast, and not ${atLeast}`;
  });
  return sentence(`Out of reach by these figures on ${titleOf(adapter)}`, reasons);
}

/** What a missed target would leave of CPU time for a session, beside Nest's own for an interceptor. */
function belowTheFloor(adapter: Adapter, peer: Peer, run: Run): string[] {
  const reasons = USING.flatMap((route) => {
    const { atLeast } = peer.targets[route];
    const { median, min, max } = run.ratios('ours', peer.app)[route].throughput;
    if (median >= atLeast) return [];
    const costs = ['no-op-interceptor', peer.app, 'ours'].map(
      (app) => run.ratios(app, 'bare')[route].cpu.median,
    );
    const [floor, theirs, ours] = costs;
    const [left, taken] = [theirs / atLeast - floor, ours - floor];
    if (taken <= left) {
      return `on \`/${route}\` ours takes ${ours.toFixed(2)} times the CPU time of the bare application and ${peer.title} ${theirs.toFixed(2)} times, which would meet the target of ${atLeast}: the requests per second of ${median.toFixed(2)} lie within a spread of ${min.toFixed(2)} to ${max.toFixed(2)}`;
    }
    return `on \`/${route}\` an interceptor that does nothing takes ${floor.toFixed(2)} times the CPU time of the bare application, and ${peer.title}, which needs none, takes ${theirs.toFixed(2)}: at ${atLeast} times its speed ${left.toFixed(2)} would be left for the session, and ours takes ${taken.toFixed(2)}`;
  });
  return sentence(`Missed on ${titleOf(adapter)}`, reasons);
}

function sentence(beginning: string, reasons: readonly string[]): string[] {
  return reasons.length === 0 ? [] : [`${beginning}: ${reasons.join('; ')}.`];
}
