import { createClient } from 'redis';
import { describeWithRedis, RedisServer } from './redis-server.js';

describeWithRedis('the Redis server of the tests', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server?.stop());

  function connect(url: string) {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    return client.connect();
  }

  it('answers, hangs and answers again', async () => {
    const client = await connect(server.url);
    server.pause();
    const answer = client.ping();
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100))]);
    server.resume();
    expect([first, await answer]).toEqual([undefined, 'PONG']);
    client.destroy();
  });

  it('is gone once it was killed, and comes back on the same port', async () => {
    await server.kill();
    await expect(connect(server.url)).rejects.toThrow('ECONNREFUSED');
    const { port } = server;
    await server.stop();
    server = await RedisServer.start({ port });
    const client = await connect(server.url);
    expect(await client.ping()).toBe('PONG');
    client.destroy();
  });

  it('says why it does not start', async () => {
    await expect(RedisServer.start({ args: ['--no-such-option'] })).rejects.toThrow(
      /no-such-option/,
    );
  });
});
