/** Every registry keeps the contract, on the real thing. */
import { Keyv } from 'keyv';
import { MemorySessionRegistry } from 'nestjs-typed-session';
import { KeyvSessionRegistry } from 'nestjs-typed-session/keyv';
import { RedisSessionRegistry } from 'nestjs-typed-session/redis';
import { describeSessionRegistry } from 'nestjs-typed-session/testing';
import { redisClients, type RedisConnection } from '../support/redis-connections.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

const memory = new MemorySessionRegistry();
describeSessionRegistry(() => memory, { title: 'MemorySessionRegistry' });

const map = new Map();
const keyv = new KeyvSessionRegistry(new Keyv(map));
const otherKeyv = new KeyvSessionRegistry(new Keyv(map));
describeSessionRegistry(() => keyv, { title: 'KeyvSessionRegistry', another: () => otherKeyv });

describeWithRedis('with Redis', () => {
  let server: RedisServer;
  const connections: RedisConnection[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    for (const { close } of connections) await close();
    await server.stop();
  });

  for (const [name, connect] of Object.entries(redisClients)) {
    const open = () => {
      let opened: Promise<RedisSessionRegistry> | undefined;
      return () =>
        (opened ??= (async () => {
          const connection = await connect(server.url);
          connections.push(connection);
          return new RedisSessionRegistry(connection.client);
        })());
    };
    describeSessionRegistry(open(), { title: `RedisSessionRegistry by ${name}`, another: open() });
  }
});
