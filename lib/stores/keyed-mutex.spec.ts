import { setTimeout as delay } from 'node:timers/promises';
import { KeyedMutex } from './keyed-mutex.js';

const never = () => new Promise<never>(() => {});

describe('a mutex for each key', () => {
  it('runs tasks one after the other, in the order of the calls', async () => {
    const mutex = new KeyedMutex(60_000);
    const seen: string[] = [];
    const task = (name: string, milliseconds: number) => async () => {
      seen.push(`${name} begins`);
      await delay(milliseconds);
      seen.push(`${name} ends`);
      return name;
    };
    const names = await Promise.all([
      mutex.run('key', task('a', 20)),
      mutex.run('key', task('b', 1)),
      mutex.run('key', task('c', 5)),
    ]);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('lets the tasks of one key not wait for those of another', async () => {
    const mutex = new KeyedMutex(1000);
    void mutex.run('slow', never).catch(() => {});
    expect(await mutex.run('quick', async () => 'done')).toBe('done');
  });

  it('goes on after a task that fails', async () => {
    const mutex = new KeyedMutex(1000);
    const failed = mutex.run('key', () => Promise.reject(new Error('no')));
    const next = mutex.run('key', async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });

  it('goes on after a task that never ends, once the time limit is over', async () => {
    const mutex = new KeyedMutex(50);
    const hung = mutex.run('key', never);
    const next = mutex.run('key', async () => 'done');
    const error = { code: 'SESSION_STORE', message: expect.stringContaining('within 50 ms') };
    await expect(hung).rejects.toMatchObject(error);
    expect(await next).toBe('done');
  });

  it('stops a task that is late: it may not act on what it saw', async () => {
    const mutex = new KeyedMutex(50);
    const acted: string[] = [];
    let ended: Promise<unknown> = Promise.resolve();
    const late = mutex.run('key', (lock) => {
      const task = async () => {
        await delay(100);
        lock.check();
        acted.push('late');
      };
      ended = task();
      return ended as Promise<void>;
    });
    await expect(late).rejects.toThrow('within 50 ms');
    await expect(ended).rejects.toThrow('within 50 ms');
    expect(acted).toEqual([]);
  });

  it('does not stop a task within the time limit', async () => {
    const mutex = new KeyedMutex(60_000);
    const task = mutex.run('key', async (lock) => {
      await delay(5);
      lock.check();
      return 'done';
    });
    expect(await task).toBe('done');
  });

  it('leaves nothing behind', async () => {
    const mutex = new KeyedMutex(50);
    const all = ['a', 'a', 'b', 'c'].map((key, i) =>
      mutex.run(key, i === 3 ? never : async () => {}),
    );
    expect(mutex.size).toBe(3);
    await Promise.allSettled(all);
    expect(mutex.size).toBe(0);
  });
});
