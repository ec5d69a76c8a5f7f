import { RedisSessionRegistry, RedisSessionStore } from 'nestjs-typed-session/redis';
import { describeSessionRegistry, describeSessionStore } from 'nestjs-typed-session/testing';
import { newRegisteredSession } from '../../lib/testing/stores/registry.js';
import { newKey, newSession } from '../../lib/testing/stores/sessions.js';
import { adapters, closeApps, startApp } from '../support/app.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { redisClusterClients, type RedisConnection } from '../support/redis-connections.js';
import { describeWithRedis } from '../support/redis-server.js';
import { itKnowsWhoIsSignedIn } from '../support/signed-in.js';

describeWithRedis('on a cluster of three nodes', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 180_000);
  afterAll(() => cluster?.stop());

  describe.each(Object.keys(redisClusterClients))('with %s', (library) => {
    const connections: RedisConnection[] = [];

    beforeAll(async () => {
      connections.push(...(await Promise.all([connect(), connect()])));
    });
    afterAll(() => Promise.all(connections.map(({ close }) => close())));

    const connect = async () => redisClusterClients[library](cluster.urls);

    describe('RedisSessionStore', () => {
      const storeBy = (number: 0 | 1) => new RedisSessionStore(connections[number].client);

      describeSessionStore(() => storeBy(0), { another: () => storeBy(1) });

      it('finds the node of each key', async () => {
        const [store, other] = [storeBy(0), storeBy(1)];
        const sessions = Array.from({ length: 50 }, () => newSession());
        const keys = sessions.map(() => newKey());
        await Promise.all(sessions.map((session, i) => store.write(keys[i], session, undefined)));
        expect(await Promise.all(keys.map((key) => other.read(key)))).toEqual(sessions);
        const removed = await Promise.all(keys.map((key) => store.remove(key)));
        expect(removed).toEqual(sessions.map(() => true));
      });
    });

    describe('RedisSessionRegistry', () => {
      const registryBy = (number: 0 | 1, prefix?: string) =>
        new RedisSessionRegistry(connections[number].client, { prefix });

      describeSessionRegistry(() => registryBy(0), { another: () => registryBy(1) });

      it('keeps the sessions of an owner in one slot, and the owners on all nodes', async () => {
        const prefix = `slots of ${library}: `;
        const registry = registryBy(0, prefix);
        const owners = Array.from({ length: 60 }, newKey);
        const twice = [...owners, ...owners];
        await Promise.all(twice.map((owner) => registry.add(owner, newRegisteredSession())));
        const keys = await cluster.keys(`${prefix}*`);
        expect(keys.flat().toSorted()).toEqual(owners.map((owner) => prefix + owner).toSorted());
        expect(keys.every(({ length }) => length > 0)).toBe(true);
        const lists = await Promise.all(owners.map((owner) => registryBy(1, prefix).list(owner)));
        expect(lists.map(({ length }) => length)).toEqual(owners.map(() => 2));
      });

      describe.each(adapters)('of an application on %s', (adapter) => {
        afterAll(closeApps);

        describe('whose sessions are in the cookie', () => {
          itKnowsWhoIsSignedIn((options) =>
            startApp(adapter, { ...options, session: { registry: registryBy(0) } }),
          );
        });

        describe('whose sessions are in a store of the same client', () => {
          itKnowsWhoIsSignedIn((options) => {
            const [{ client }] = connections;
            const session = {
              store: new RedisSessionStore(client),
              registry: new RedisSessionRegistry(client),
            };
            return startApp(adapter, { ...options, session });
          });
        });
      });
    });
  });
});
