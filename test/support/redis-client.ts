import { createClient } from 'redis';
import { RedisServer } from './redis-server.js';

const stops: (() => Promise<void>)[] = [];

/** A client of a Redis of its own, which ends with the tests of the file. */
export async function startedRedis() {
  const server = await RedisServer.start();
  const client = createClient({ url: server.url });
  await client.connect();
  stops.push(async () => {
    client.destroy();
    await server.stop();
  });
  return client;
}

afterAll(() => Promise.all(stops.map((stop) => stop())));
