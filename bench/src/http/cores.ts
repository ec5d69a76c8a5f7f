import { availableParallelism, platform } from 'node:os';

/** The core of each side: neither may take time from the other. */
const CORES = { server: 0, load: 1 };

/** A command pinned to the core of one side. */
export function onCore(side: keyof typeof CORES, command: readonly string[]): readonly string[] {
  if (platform() !== 'linux' || availableParallelism() < 2) {
    throw new Error('This part needs Linux (taskset) and two cores.');
  }
  return ['taskset', '--cpu-list', String(CORES[side]), ...command];
}
