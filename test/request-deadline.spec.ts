import { Controller, Get, Param } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemorySessionStore, Session } from 'nestjs-typed-session';
import { adapters, closeApps, startApp } from './support/app.js';
import { WatchedStore } from './support/watched-store.js';

@Controller()
class WriteController {
  @Get('set/:key') set(@Session() ss: Session, @Param('key') key: string) {
    ss.set(key, key);
  }
  @Get('read') read(@Session() ss: Session) {
    return ss.values;
  }
}

/** Milliseconds: one call takes a fifth of what it may take. */
const CALL = 100;
const TIMEOUT = 5 * CALL;

describe.each(adapters)('statement 66: the sum of the calls of one request, on %s', (adapter) => {
  afterAll(closeApps);

  it('is bounded, though 20 requests write to one session: each is answered, and says so', async () => {
    const store = new WatchedStore(new MemorySessionStore());
    const app = await startApp(adapter, {
      controllers: [WriteController],
      session: { store, storeTimeout: TIMEOUT / 1000 },
    });
    const cookie = `sid=${await app.sessions.begin({ user: 'peter' })}`;
    store.around = async (_operation, proceed) => {
      await sleep(CALL);
      return proceed();
    };
    const took: number[] = [];
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const began = performance.now();
        const { status } = await app.client().get(`/set/key${i}`, { cookie });
        took.push(performance.now() - began);
        return status;
      }),
    );
    store.around = undefined;
    // Twice the time of one call, and what a slow machine adds: 20 calls in a row take 2,100 ms.
    expect(Math.max(...took)).toBeLessThan(2 * TIMEOUT + 700);
    expect(new Set(answers)).toEqual(new Set([200, 503]));
    const values = (await app.client().get('/read', { cookie })).json as Record<string, string>;
    for (const [i, status] of answers.entries()) {
      expect([i, `key${i}` in values]).toEqual([i, status === 200]);
    }
  });

  it('is for one request: the next finds all of it', async () => {
    const store = new WatchedStore(new MemorySessionStore());
    const app = await startApp(adapter, {
      controllers: [WriteController],
      session: { store, storeTimeout: TIMEOUT / 1000 },
    });
    const client = app.client();
    store.around = async (_operation, proceed) => {
      await sleep(CALL);
      return proceed();
    };
    for (let i = 0; i < 8; i++) expect((await client.get(`/set/key${i}`)).status).toBe(200);
  });
});
