import type { SessionOptions } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { createClient } from 'redis';

/**
 * What may carry a session from one build to another: the options of the module by the carrier's
 * name. Made in each build, so that nothing but the carrier itself leads from one to the other.
 */
export const CARRIERS: Record<string, () => Promise<Partial<SessionOptions>>> = {
  'the cookie': async () => ({}),
  Redis: async () => {
    const client = createClient({ url: process.env.REDIS_URL });
    return { store: new RedisSessionStore(await client.connect()), storeTimeout: '60s' };
  },
};
