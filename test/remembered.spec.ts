/** What the memory of cookies holds on to. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MemorySessionStore, SessionService } from 'nestjs-typed-session';
import { SECRET } from './support/app.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** After a collection, in megabytes. */
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1_000_000;
}

describe.each([
  ['in their cookies', () => ({})],
  ['in a store', () => ({ store: new MemorySessionStore() })],
])('a thousand sessions that are kept %s, beside large cookies of others', (_, place) => {
  it('are remembered without these', async () => {
    const sessions = new SessionService({ secret: SECRET, name: 'sid', ...place() });
    const tokens: string[] = [];
    for (let n = 0; n < 1000; n++) tokens.push(await sessions.begin({ n }));
    const read = async (n: number) => {
      const other = String(n).padStart(50_000, 'o');
      const cookie = Buffer.from(`other=${other}; sid=${tokens[n]}`).toString('latin1');
      const session = await sessions.get({ method: 'GET', headers: { cookie } } as never);
      expect(session.get('n')).toBe(n);
    };
    const before = heap();
    // From the second time on; of the cookies themselves the last 500 are.
    for (let n = 0; n < 1000; n++) for (let time = 0; time < 2; time++) await read(n);
    // The headers alone are 50 MB.
    expect(heap() - before).toBeLessThan(10);
    await read(999);
  });
});
