import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onCore } from '../http/cores.js';

const run = promisify(execFile);

/** Runs a script of this folder in a process of its own. @returns the number that it prints */
export async function inFreshProcess(script: string, ...args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const [command, ...others] = onCore('server', [process.execPath, path, ...args]);
  const { stdout } = await run(command, others);
  const printed = Number(stdout);
  if (!(printed > 0)) throw new Error(`${script} printed ${stdout}`);
  return printed;
}
