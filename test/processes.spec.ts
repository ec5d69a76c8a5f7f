import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from './support/client.js';
import { Processes } from './support/processes.js';
import { describeWithRedis } from './support/redis-server.js';

const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), 'fixtures/process.mjs');
const TWENTY = Array.from({ length: 20 }, (_, i) => i);

describeWithRedis('four processes with one Redis', () => {
  let processes: Processes;

  beforeAll(async () => {
    processes = await Processes.start(FIXTURE);
  }, 180_000);
  afterAll(async () => processes?.stop());

  const clientOf = (number: number, other?: Client) => processes.clientOf(number, other);
  async function begun(number = 0): Promise<Client> {
    const client = clientOf(number);
    await client.get('/begin');
    return client;
  }
  /** 20 requests at the same moment, spread over the processes. */
  const spread = <T>(client: Client, act: (tab: Client, i: number) => Promise<T>) =>
    Promise.all(TWENTY.map((i) => act(clientOf(i, client), i)));
  const valuesOf = async (client: Client) => (await client.get('/read')).json.values;

  it('share a session, whichever began it and on whatever adapter', async () => {
    for (const number of processes.urls.keys()) {
      const client = await begun(number);
      for (const other of processes.urls.keys()) {
        expect(await valuesOf(clientOf(other, client))).toEqual({ user: 'peter' });
      }
    }
  });

  it('keep all of 20 writes of different keys', async () => {
    const client = await begun();
    await spread(client, (tab, i) => tab.get(`/set/key${i}`));
    const values = await valuesOf(client);
    expect(Object.keys(values)).toHaveLength(21);
    expect(new Set(TWENTY.map((i) => values[`key${i}`])).size).toBe(processes.urls.length);
  });

  it('count 20 increments as 20, and give each another count', async () => {
    const client = await begun();
    const counts = await spread(client, async (tab) => (await tab.get('/increment')).json.count);
    expect(counts.toSorted((a, b) => a - b)).toEqual(TWENTY.map((i) => i + 1));
    expect(await valuesOf(client)).toMatchObject({ count: 20 });
  });

  it('show each of 20 flashes once', async () => {
    const client = await begun();
    await spread(client, (tab, i) => tab.get(`/flash/${i}`));
    const { flashes } = (await clientOf(1, client).get('/show')).json;
    expect(flashes.map(Number).toSorted((a: number, b: number) => a - b)).toEqual(TWENTY);
    expect((await clientOf(2, client).get('/show')).json).toEqual({ flashes: [] });
  });

  it.each([
    ['signed out', 'destroy', 0],
    ['given a new id', 'regenerate', 1],
  ])('bring back no session that another of them has %s', async (_what, end, number) => {
    const client = await begun(number + 2);
    const tab = clientOf(number, client);
    const slow = tab.get('/slow/user');
    await clientOf(number).get('/reached');
    await client.get(`/${end}`);
    await clientOf(number).get('/go');
    const answer = await slow;
    expect(answer.json).toEqual({ user: 'peter' });
    expect(answer.setCookies).toEqual([]);
    expect(await valuesOf(tab)).toEqual({});
    expect(await valuesOf(client)).toEqual(end === 'destroy' ? {} : { user: 'peter' });
  });
});
