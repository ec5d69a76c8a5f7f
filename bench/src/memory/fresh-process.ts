import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a script of this folder in a process of its own, on all cores as an application would start: the
 * engine collects garbage beside it.
 *
 * @returns the number that it prints
 */
export async function inFreshProcess(script: string, ...args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await run(process.execPath, [path, ...args]);
  const printed = Number(stdout);
  if (!(printed > 0)) throw new Error(`${script} printed ${stdout}`);
  return printed;
}
