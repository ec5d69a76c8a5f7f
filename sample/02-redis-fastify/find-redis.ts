import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';

const ANSWER_MILLISECONDS = 5000;
const START_MILLISECONDS = 30_000;

/** Its message says in one line what to do. */
export class NoRedisError extends Error {}

export interface FoundRedis {
  readonly url: string;
  /** Which one it is. It holds no password. */
  readonly name: string;
  /** The server, where it was started here. */
  readonly server?: ChildProcess;
}

/**
 * Finds the Redis that `REDIS_URL` names; without it the one on this machine, at `REDIS_PORT` or 6379;
 * and where none answers, starts one that keeps nothing on disk.
 *
 * @throws NoRedisError
 */
export async function findRedis({
  REDIS_URL,
  REDIS_PORT = '6379',
}: NodeJS.ProcessEnv): Promise<FoundRedis> {
  if (REDIS_URL !== undefined) {
    if (await answers(REDIS_URL)) return { url: REDIS_URL, name: 'the one of REDIS_URL' };
    throw new NoRedisError('REDIS_URL is set, but no Redis answers there.');
  }
  const url = `redis://127.0.0.1:${REDIS_PORT}`;
  if (await answers(url)) return { url, name: `the one on port ${REDIS_PORT}` };
  return startRedis();
}

async function startRedis(): Promise<FoundRedis> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const server = await spawnRedis(['--bind', '127.0.0.1', '--port', `${port}`, '--save', '']);
  const end = Date.now() + START_MILLISECONDS;
  while (!(await answers(url))) {
    if (server.exitCode !== null || Date.now() > end) {
      server.kill('SIGKILL');
      throw new NoRedisError(`${server.spawnfile} is here, but does not start.`);
    }
    await delay(50);
  }
  return { url, name: `one for as long as the shop runs, on port ${port}`, server };
}

async function spawnRedis(args: readonly string[]): Promise<ChildProcess> {
  for (const program of ['redis-server', 'valkey-server']) {
    // In a group of its own: Ctrl-C ends it after the processes that use it, not with them.
    const server = spawn(program, args, { detached: true, stdio: 'ignore' });
    const isThere = await once(server, 'spawn').then(
      () => true,
      () => false,
    );
    if (isThere) return server;
  }
  throw new NoRedisError(
    'No Redis found. Get it with `apt install redis-server` (Debian, Ubuntu), `brew install redis` ' +
      '(macOS) or `docker run --rm -p 6379:6379 redis`, or set REDIS_URL.',
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    const pong = client.connect().then(() => client.ping());
    try {
      // Something else may listen there, and say nothing at all. With a timer that counts (`ref`), the process
      // would stay for its whole time after the answer, too.
      const tooLate = delay(ANSWER_MILLISECONDS, undefined, { ref: false });
      return (await Promise.race([pong, tooLate])) === 'PONG';
    } finally {
      client.destroy();
      pong.catch(() => {});
    }
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
