import { setTimeout as delay } from 'node:timers/promises';
import { Turns } from './turns.js';

const never = () => new Promise<never>(() => {});

describe('turns', () => {
  it('are taken one after the other, in the order of the calls', async () => {
    const turns = new Turns(60_000);
    const seen: string[] = [];
    const task = (name: string, milliseconds: number) => async () => {
      seen.push(`${name} begins`);
      await delay(milliseconds);
      seen.push(`${name} ends`);
      return name;
    };
    const names = await Promise.all([
      turns.take('key', task('a', 20)),
      turns.take('key', task('b', 1)),
      turns.take('key', task('c', 5)),
    ]);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('of one key do not wait for those of another', async () => {
    const turns = new Turns(1000);
    void turns.take('slow', never).catch(() => {});
    expect(await turns.take('quick', async () => 'done')).toBe('done');
  });

  it('go on after a task that fails', async () => {
    const turns = new Turns(1000);
    const failed = turns.take('key', () => Promise.reject(new Error('no')));
    const next = turns.take('key', async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });

  it('go on after a task that never ends, once its time is over', async () => {
    const turns = new Turns(50);
    const hung = turns.take('key', never);
    const next = turns.take('key', async () => 'done');
    const error = { code: 'SESSION_STORE', message: expect.stringContaining('within 50 ms') };
    await expect(hung).rejects.toMatchObject(error);
    expect(await next).toBe('done');
  });

  it('are over for a task that comes late: it may not act on what it saw', async () => {
    const turns = new Turns(50);
    const acted: string[] = [];
    let ended: Promise<unknown> = Promise.resolve();
    const late = turns.take('key', (turn) => {
      const task = async () => {
        await delay(100);
        turn.check();
        acted.push('late');
      };
      ended = task();
      return ended as Promise<void>;
    });
    await expect(late).rejects.toThrow('within 50 ms');
    await expect(ended).rejects.toThrow('within 50 ms');
    expect(acted).toEqual([]);
  });

  it('are not over while the time lasts', async () => {
    const turns = new Turns(60_000);
    const task = turns.take('key', async (turn) => {
      await delay(5);
      turn.check();
      return 'done';
    });
    expect(await task).toBe('done');
  });

  it('leave nothing behind', async () => {
    const turns = new Turns(50);
    const all = ['a', 'a', 'b', 'c'].map((key, i) =>
      turns.take(key, i === 3 ? never : async () => {}),
    );
    expect(turns.size).toBe(3);
    await Promise.allSettled(all);
    expect(turns.size).toBe(0);
  });
});
