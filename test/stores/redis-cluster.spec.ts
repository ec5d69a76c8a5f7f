import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionStore } from 'nestjs-typed-session/testing';
import { newKey, newSession } from '../../lib/testing/stores/sessions.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { redisClusterClients, type RedisConnection } from '../support/redis-connections.js';
import { describeWithRedis } from '../support/redis-server.js';

describeWithRedis('RedisSessionStore on a cluster of three nodes', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 180_000);
  afterAll(() => cluster?.stop());

  describe.each(Object.keys(redisClusterClients))('with %s', (library) => {
    const connections: RedisConnection[] = [];
    let store: RedisSessionStore;
    let other: RedisSessionStore;

    beforeAll(async () => {
      [store, other] = await Promise.all([connect(), connect()]);
    });
    afterAll(() => Promise.all(connections.map(({ close }) => close())));

    async function connect() {
      const connection = await redisClusterClients[library](cluster.urls);
      connections.push(connection);
      return new RedisSessionStore(connection.client);
    }

    describeSessionStore(() => store, { another: () => other });

    it('finds the node of each key', async () => {
      const sessions = Array.from({ length: 50 }, () => newSession());
      const keys = sessions.map(() => newKey());
      await Promise.all(sessions.map((session, i) => store.write(keys[i], session, undefined)));
      expect(await Promise.all(keys.map((key) => other.read(key)))).toEqual(sessions);
      const removed = await Promise.all(keys.map((key) => store.remove(key)));
      expect(removed).toEqual(sessions.map(() => true));
    });
  });
});
