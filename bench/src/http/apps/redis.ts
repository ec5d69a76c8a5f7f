import { createClient } from 'redis';

/** The Redis of the benchmark, by the client that every library here takes. */
export const redis = await createClient({ url: process.env.REDIS_URL }).connect();
