import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionRegistry, describeSessionStore } from 'nestjs-typed-session/testing';
import { adapters, closeApps, startApp } from '../support/app.js';
import { redisSentinelClients, type RedisConnection } from '../support/redis-connections.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { describeWithRedis } from '../support/redis-server.js';
import { itKnowsWhoIsSignedIn } from '../support/signed-in.js';

describeWithRedis('by a Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await RedisSentinel.start();
  }, 180_000);
  afterAll(() => sentinel?.stop());

  describe.each(Object.keys(redisSentinelClients))('with %s', (library) => {
    let connection: RedisConnection;
    let store: RedisSessionStore;
    let registry: RedisSessionRegistry;

    beforeAll(async () => {
      connection = await redisSentinelClients[library](sentinel);
      store = new RedisSessionStore(connection.client);
      registry = new RedisSessionRegistry(connection.client);
    });
    afterAll(() => connection?.close());

    describeSessionStore(() => store, { title: 'RedisSessionStore' });
    describeSessionRegistry(() => registry, { title: 'RedisSessionRegistry' });

    describe.each(adapters)('an application on %s', (adapter) => {
      afterAll(closeApps);

      itKnowsWhoIsSignedIn((options) =>
        startApp(adapter, { ...options, session: { store, registry } }),
      );
    });
  });
});
