import { requestsOr } from '../knobs.js';
import type { Adapter } from '../http/server.js';
import { ServerProcess } from '../http/server-process.js';
import { wrk } from '../http/wrk.js';

/** The engine has compiled by then what it will compile, and the heap has found its size. */
const WARM_UP_REQUESTS = 30_000;
const REQUESTS = 200_000;
const MB = 1024 * 1024;

/** In megabytes. */
export interface Residence {
  /** Resident memory after all requests. */
  readonly resident: number;
  /** By how much it grew after the warm-up. */
  readonly growth: number;
  /** By how much the heap in use grew, which no page that lies about can blur. */
  readonly heapGrowth: number;
}

/** The memory of an application that answers many requests, half of which write. */
export async function residenceOf(
  adapter: Adapter,
  name: string,
  cookie: string,
): Promise<Residence> {
  const server = await ServerProcess.start(adapter, name);
  try {
    await send(server, cookie, Math.min(WARM_UP_REQUESTS, requestsOr(REQUESTS)));
    const [before, heapBefore] = [await server.memory(), await server.heap()];
    await send(server, cookie, requestsOr(REQUESTS));
    const [resident, heap] = [await server.memory(), await server.heap()];
    return {
      resident: resident / MB,
      growth: (resident - before) / MB,
      heapGrowth: (heap - heapBefore) / MB,
    };
  } finally {
    await server.stop();
  }
}

async function send(server: ServerProcess, cookie: string, requests: number): Promise<void> {
  for (let sent = 0; sent < requests;) {
    for (const route of ['read', 'write']) {
      sent += (await wrk(`${server.origin}/${route}`, [cookie], 1)).requests;
    }
  }
}
