/** Sign-ins, `endAll` and slow requests at once, in four processes with one registry. */
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from './support/client.js';
import { Processes } from './support/processes.js';
import { describeWithRedis } from './support/redis-server.js';

const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), 'fixtures/registry-process.mjs');
const PROCESSES = [0, 1, 2, 3];
/** Each process has an application for each, in this order. */
const PLACES = ['cookie', 'store'];
const ROUNDS = 4;

/** When something happened, by a clock that all processes share. */
interface Times {
  result: number;
  began: number;
  done: number;
}

describeWithRedis('four processes with one registry', () => {
  let processes: Processes;

  beforeAll(async () => {
    processes = await Processes.start(FIXTURE, PLACES.length);
  }, 180_000);
  afterAll(async () => processes?.stop());

  describe.each(PLACES)('statement 29: sessions kept in the %s', (place) => {
    const clientOf = (number: number, other?: Client) =>
      processes.clientOf(number, other, PLACES.indexOf(place));
    async function signedIn(owner: string, number: number): Promise<Client> {
      const client = clientOf(number);
      expect((await client.get(`/signIn/${owner}`)).status).toBe(200);
      return client;
    }
    /** A sign-in whose response comes later, and when it was done. */
    function signingIn(owner: string, number: number) {
      const client = clientOf(number);
      const times = client.get(`/slowSignIn/${owner}`).then(({ json }) => json as Times);
      return { client, times };
    }
    /** Who is signed in with the cookies of clients, in the eyes of each process. */
    const ownersOf = (clients: readonly Client[]) =>
      Promise.all(
        clients.flatMap((client) =>
          PROCESSES.map(async (number) => {
            const { json } = await clientOf(number, client).get('/me');
            return json.owner as string | null;
          }),
        ),
      );
    const isEach = async (clients: readonly Client[], owner: string | null) =>
      (await ownersOf(clients)).every((one) => one === owner);

    it('accept no session after endAll but the kept one and those that signed in later', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const owner = `round ${round}`;
        const kept = await signedIn(owner, round);
        const others = await Promise.all(PROCESSES.map((number) => signedIn(owner, number)));
        // Each answers whatever it may: only its cookie counts, and what that opens afterwards.
        const tabs = ['/slowWrite', '/renew'].flatMap((path, i) =>
          others.map((other, number) => ({ tab: clientOf(number + i + 1, other), path })),
        );
        tabs.push({ tab: clientOf(round, others[0]), path: '/slowSignOut' });
        const keptTabs = PROCESSES.map((number) => clientOf(number, kept));
        const before = PROCESSES.map((number) => signingIn(owner, number));
        const busy = [
          ...tabs.map(({ tab, path }) => tab.get(path)),
          ...keptTabs.map((tab) => tab.get('/slowWrite')),
        ];
        // Some are done with their sign-in by then, and none has been answered.
        await wait(5 * round);
        const ending = kept.get('/endOthers');
        const during = PROCESSES.map((number) => signingIn(owner, number + round));
        const end = (await ending).json as Times;
        expect(end.result).toBeGreaterThanOrEqual(others.length - 1);

        const ended = [...others, ...tabs.map(({ tab }) => tab)];
        expect(await isEach(ended, null)).toBe(true);
        await Promise.all(busy);
        expect(await isEach(ended, null)).toBe(true);
        expect(await isEach([kept, ...keptTabs], owner)).toBe(true);

        const later = PROCESSES.map((number) => signingIn(owner, number));
        const joined = [...before, ...during, ...later];
        for (const { client, times } of joined) {
          const { began, done } = await times;
          const [first, ...rest] = await ownersOf([client]);
          expect(rest).toEqual([first, first, first]);
          // A sign-in and endAll that overlap may come in either order.
          if (done < end.began) expect(first).toBeNull();
          if (began > end.done) expect(first).toBe(owner);
        }

        expect(((await kept.get('/endOthers')).json as Times).result).toBeGreaterThanOrEqual(
          later.length,
        );
        expect(
          await isEach(
            joined.map(({ client }) => client),
            null,
          ),
        ).toBe(true);
        expect(await isEach([kept, ...keptTabs], owner)).toBe(true);
      }
    }, 120_000);
  });
});
