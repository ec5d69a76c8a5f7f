/** Sign-ins, `endAll` and slow requests at once, in four processes with one registry. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from './support/client.js';
import { Processes } from './support/processes.js';
import { describeWithRedis } from './support/redis-server.js';

const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), 'fixtures/registry-process.mjs');
const ROUNDS = 3;

describeWithRedis('four processes with one registry', () => {
  describe.each(['cookie', 'store'])('statement 29: sessions kept in the %s', (place) => {
    let processes: Processes;

    beforeAll(async () => {
      processes = await Processes.start(FIXTURE, place);
    }, 180_000);
    afterAll(async () => processes?.stop());

    const clientOf = (number: number, other?: Client) => processes.clientOf(number, other);
    async function signedIn(owner: string, number: number): Promise<Client> {
      const client = clientOf(number);
      expect((await client.get(`/signIn/${owner}`)).status).toBe(200);
      return client;
    }
    /** Who is signed in with a client's cookie, in the eyes of another process. */
    const ownerOf = async (client: Client, number: number) =>
      (await clientOf(number + 1, client).get('/me')).json.owner as string | null;

    it('accept no session after endAll but the kept one and those that signed in later', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const owner = `round ${round}`;
        const kept = await signedIn(owner, round);
        const others = await Promise.all([0, 1, 2, 3].map((i) => signedIn(owner, i)));
        // Each answers whatever it may: only its cookie counts, and what that opens afterwards.
        const under = [
          ...others.map((one, i) => clientOf(i + 2, one)),
          ...others.map((one, i) => clientOf(i + 3, one)),
        ];
        const busy = under.map((tab, i) => tab.get(i % 2 === 0 ? '/slowWrite' : '/renew'));
        const joining = [0, 1, 2, 3].map((i) => {
          const client = clientOf(i);
          return { client, answer: client.get(`/slowSignIn/${owner}`), i };
        });
        // Those whose answer was there before were accepted before.
        const endings = await clientOf(round + 1, kept).get('/endOthers');
        expect(endings.json.ended).toBeGreaterThanOrEqual(4);
        const signedInBefore = await Promise.all([...others, ...under].map(ownerOf));
        expect(signedInBefore.every((one) => one === null)).toBe(true);
        await Promise.all([...busy, ...joining.map(({ answer }) => answer)]);
        const afterAnswers = await Promise.all([...others, ...under].map(ownerOf));
        expect(afterAnswers.every((one) => one === null)).toBe(true);

        expect(await ownerOf(kept, round)).toBe(owner);
        const later = await signedIn(owner, round + 2);
        expect(await ownerOf(later, round)).toBe(owner);
        expect((await kept.get('/endOthers')).json.ended).toBeGreaterThanOrEqual(1);
        const left = joining.map(({ client }) => client);
        expect(await Promise.all([later, ...left].map(ownerOf))).toEqual([
          null,
          null,
          null,
          null,
          null,
        ]);
        expect(await ownerOf(kept, round)).toBe(owner);
      }
    }, 120_000);
  });
});
