import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { redisSentinelClients, type RedisConnection } from '../support/redis-connections.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { describeWithRedis } from '../support/redis-server.js';

describeWithRedis('RedisSessionStore by a Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await RedisSentinel.start();
  }, 180_000);
  afterAll(() => sentinel?.stop());

  describe.each(Object.keys(redisSentinelClients))('with %s', (library) => {
    let connection: RedisConnection;
    let store: RedisSessionStore;

    beforeAll(async () => {
      connection = await redisSentinelClients[library](sentinel);
      store = new RedisSessionStore(connection.client);
    });
    afterAll(() => connection?.close());

    describeSessionStore(() => store);
  });
});
