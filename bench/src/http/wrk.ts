import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onCore } from './cores.js';

const run = promisify(execFile);
const SESSIONS_SCRIPT = fileURLToPath(new URL('../../src/http/sessions.lua', import.meta.url));
const CONNECTIONS = 32;

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
}

/**
 * Sends requests for so many seconds over kept-alive connections.
 *
 * @param cookies the `Cookie` header of each session, which take turns
 * @throws Error where any of them failed: a server that answers errors is fast
 */
export async function wrk(url: string, cookies: readonly string[], seconds: number): Promise<Load> {
  const isOne = cookies.length === 1;
  const [command, ...args] = onCore('load', [
    'wrk',
    '--threads=1',
    `--connections=${CONNECTIONS}`,
    `--duration=${Math.ceil(seconds) + 1}s`,
    ...(isOne ? ['--header', `Cookie: ${cookies[0]}`] : ['--script', SESSIONS_SCRIPT]),
    url,
    ...(isOne ? [] : ['--', ...cookies]),
  ]);
  const running = run(command, args);
  // wrk counts in whole seconds. Interrupted, it tells what it has measured until then.
  const interrupt = setTimeout(() => running.child.kill('SIGINT'), seconds * 1000);
  const { stdout } = await running.finally(() => clearTimeout(interrupt));
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url} failed:\n${stdout}`);
  const requests = /(\d+) requests in/.exec(stdout);
  const perSecond = /Requests\/sec:\s*([\d.]+)/.exec(stdout);
  if (!requests || !perSecond) throw new Error(`wrk said:\n${stdout}`);
  return { requests: Number(requests[1]), perSecond: Number(perSecond[1]) };
}
