import { setTimeout as delay } from 'node:timers/promises';
import { StoreCalls } from './session.store-calls.js';

const never = () => new Promise<never>(() => {});
const answer = async () => 'an answer';

describe('the calls of a store that does not answer', () => {
  const refused = async (calls: StoreCalls, count: number) => {
    const all = Array.from({ length: count }, () => calls.run(never));
    const settled = await Promise.allSettled(all);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  };

  it('end in time, and are held off beyond a hundred', async () => {
    const calls = new StoreCalls(5);
    await refused(calls, 120);
    let asked = 0;
    for (let i = 0; i < 20; i++) {
      await calls.run(() => (asked++, never())).catch(() => {});
    }
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('hold off none once it answers, whatever still hangs', async () => {
    const calls = new StoreCalls(5);
    await refused(calls, 120);
    await delay(130);
    for (let i = 0; i < 20; i++) expect(await calls.run(answer)).toBe('an answer');
  });
});
