import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onCore } from './cores.js';

const run = promisify(execFile);
const CONNECTIONS = 32;

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
}

/**
 * Sends requests for so many seconds over kept-alive connections.
 *
 * @throws Error where any of them failed: a server that answers errors is fast
 */
export async function wrk(url: string, cookie: string, seconds: number): Promise<Load> {
  const [command, ...args] = onCore('load', [
    'wrk',
    '--threads=1',
    `--connections=${CONNECTIONS}`,
    `--duration=${seconds}s`,
    ...(cookie === '' ? [] : ['--header', `Cookie: ${cookie}`]),
    url,
  ]);
  const { stdout } = await run(command, args);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url} failed:\n${stdout}`);
  const requests = /(\d+) requests in/.exec(stdout);
  const perSecond = /Requests\/sec:\s*([\d.]+)/.exec(stdout);
  if (!requests || !perSecond) throw new Error(`wrk said:\n${stdout}`);
  return { requests: Number(requests[1]), perSecond: Number(perSecond[1]) };
}
