import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import type { RedisClient } from 'nestjs-typed-session/redis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { createClient as createClient4, createCluster as createCluster4 } from 'redis-4';
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from 'redis-5';

export interface RedisConnection {
  client: RedisClient;
  close: () => unknown;
}

type Connect<Where> = (where: Where) => Promise<RedisConnection> | RedisConnection;

type NodeRedis = RedisClient & {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
};

/** A server that is away is what some tests are about: the calls tell of it, the events need not. */
const ignore = () => {};

async function connected<T extends NodeRedis>(client: T, close: (client: T) => unknown) {
  client.on('error', ignore);
  await client.connect();
  return { client, close: () => close(client) };
}

function ofIoRedis<T extends Redis | Redis5 | Valkey | Cluster | Cluster5 | ValkeyCluster>(
  client: T,
) {
  (client as Redis).on('error', ignore);
  return { client, close: () => client.disconnect() };
}

const FAIL_FAST = {
  enableOfflineQueue: false,
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  disconnectTimeout: 100,
} as const;

/** A client of every kind, on one server. While there is none, their calls reject at once. */
export const redisClients: Record<string, Connect<string>> = {
  'redis 6': (url) =>
    connected(createClient({ url, disableOfflineQueue: true }), (client) => client.destroy()),
  'redis 6, a pool': (url) => {
    const options = {
      url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: false },
    } as const;
    return connected(createClientPool(options, { cleanupDelay: 100 }), (pool) => pool.destroy());
  },
  'redis 5': (url) =>
    connected(createClient5({ url, disableOfflineQueue: true }), (client) => client.destroy()),
  'redis 4': (url) =>
    connected(createClient4({ url, disableOfflineQueue: true }), (client) => client.disconnect()),
  'ioredis 6': async (url) => {
    const client = new Redis(url, FAIL_FAST);
    const connection = ofIoRedis(client);
    await client.connect();
    return connection;
  },
  'ioredis 5': async (url) => {
    const client = new Redis5(url, FAIL_FAST);
    const connection = ofIoRedis(client);
    await client.connect();
    return connection;
  },
  iovalkey: async (url) => {
    const client = new Valkey(url, FAIL_FAST);
    const connection = ofIoRedis(client);
    await client.connect();
    return connection;
  },
};

/** A client of every kind, on the nodes of a cluster. */
export const redisClusterClients: Record<string, Connect<string[]>> = {
  'redis 6': (urls) =>
    connected(createCluster({ rootNodes: urls.map((url) => ({ url })) }), (one) => one.destroy()),
  'redis 5': (urls) =>
    connected(createCluster5({ rootNodes: urls.map((url) => ({ url })) }), (one) => one.destroy()),
  'redis 4': (urls) =>
    connected(createCluster4({ rootNodes: urls.map((url) => ({ url })) }), (one) =>
      one.disconnect(),
    ),
  'ioredis 6': (urls) => ofIoRedis(new Cluster(urls)),
  'ioredis 5': (urls) => ofIoRedis(new Cluster5(urls)),
  iovalkey: (urls) => ofIoRedis(new ValkeyCluster(urls)),
};

/** A client of every kind that knows Sentinels, on the Redis that one of them tells of. */
export const redisSentinelClients: Record<string, Connect<{ name: string; port: number }>> = {
  'redis 6': ({ name, port }) =>
    connected(createSentinel({ name, sentinelRootNodes: [{ host: '127.0.0.1', port }] }), (one) =>
      one.destroy(),
    ),
  'redis 5': ({ name, port }) =>
    connected(createSentinel5({ name, sentinelRootNodes: [{ host: '127.0.0.1', port }] }), (one) =>
      one.destroy(),
    ),
  'ioredis 6': ({ name, port }) =>
    ofIoRedis(new Redis({ name, sentinels: [{ host: '127.0.0.1', port }] })),
  'ioredis 5': ({ name, port }) =>
    ofIoRedis(new Redis5({ name, sentinels: [{ host: '127.0.0.1', port }] })),
  iovalkey: ({ name, port }) =>
    ofIoRedis(new Valkey({ name, sentinels: [{ host: '127.0.0.1', port }] })),
};
