import { createClient } from 'redis';
import { MemorySessionStore, type SessionStore } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import type { Place } from './app.js';
import { hasRedis, RedisServer } from './redis-server.js';

let memory: MemorySessionStore | undefined;
let redis: Promise<RedisSessionStore> | undefined;
let stopRedis: (() => Promise<void>) | undefined;

/** The store of a place, which all applications of one file share; none where the cookie carries all. */
export async function storeOf(place: Place): Promise<SessionStore | undefined> {
  if (place.endsWith('memory')) return (memory ??= new MemorySessionStore());
  return place.endsWith('Redis') ? (redis ??= startRedis()) : undefined;
}

async function startRedis(): Promise<RedisSessionStore> {
  const server = await RedisServer.start();
  const client = createClient({ url: server.url });
  await client.connect();
  stopRedis = async () => {
    client.destroy();
    await server.stop();
  };
  return new RedisSessionStore(client);
}

afterAll(() => stopRedis?.());

if (!hasRedis) {
  it('keeps sessions in Redis too, wherever there is redis-server', () => {
    expect(process.env.REQUIRE_SERVERS ?? '').toBe('');
  });
}
