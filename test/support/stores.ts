import { MemorySessionStore, type SessionStore } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import type { Place } from './app.js';
import { startedRedis } from './redis-client.js';
import { hasRedis } from './redis-server.js';

let memory: MemorySessionStore | undefined;
let redis: Promise<RedisSessionStore> | undefined;

/** The store of a place, which all applications of one file share; none where the cookie carries all. */
export async function storeOf(place: Place): Promise<SessionStore | undefined> {
  if (place.endsWith('memory')) return (memory ??= new MemorySessionStore());
  return place.endsWith('Redis')
    ? (redis ??= startedRedis().then((client) => new RedisSessionStore(client)))
    : undefined;
}

if (!hasRedis) {
  it('keeps sessions in Redis too, wherever there is redis-server', () => {
    expect(process.env.REQUIRE_SERVERS ?? '').toBe('');
  });
}
