import type { Adapter } from './server.js';
import { ServerProcess } from './server-process.js';

/**
 * Fills a session and takes its cookies, as a browser would.
 *
 * @returns the `Cookie` header for every request that follows
 */
export async function seed(server: ServerProcess): Promise<string> {
  const response = await fetch(`${server.origin}/seed`);
  const pairs = response.headers.getSetCookie().map((line) => line.split(';')[0]);
  if (!response.ok || pairs.length === 0) throw new Error(`${server.name} set no cookie`);
  return pairs.join('; ');
}

/** A cookie with a session of ours, for applications that have none. */
export async function cookieOfOurs(adapter: Adapter): Promise<string> {
  const server = await ServerProcess.start(adapter, 'ours');
  try {
    return await seed(server);
  } finally {
    await server.stop();
  }
}

/** Makes sure that a server does what its figures will stand for. */
export async function check(server: ServerProcess, cookie: string): Promise<void> {
  const expected = { plain: 'Peter Lawson', read: 'Peter Lawson', write: 1 };
  for (const [route, value] of Object.entries(expected)) {
    const body = await get(server, route, cookie);
    if (!Object.values(body).includes(value)) {
      throw new Error(`${server.name} answered /${route} with ${JSON.stringify(body)}`);
    }
  }
}

/** @returns the body of the answer */
export async function get(server: ServerProcess, route: string, cookie: string): Promise<object> {
  const response = await fetch(`${server.origin}/${route}`, { headers: { cookie } });
  return (await response.json()) as object;
}
