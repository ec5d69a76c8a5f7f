import { Controller, Get } from '@nestjs/common';
import { MemorySessionStore, Session } from 'nestjs-typed-session';
import { adapters, closeApps, startApp, type TestApp } from './support/app.js';
import { recordEvents } from './support/session-events.js';

/** Does not remove what it is asked to remove, so many times. */
class ForgetfulStore extends MemorySessionStore {
  failures = 0;

  override async remove(key: string, version?: string): Promise<boolean> {
    if (this.failures-- > 0) throw new Error('no connection');
    return super.remove(key, version);
  }
}

@Controller()
class SignController {
  @Get('in') signIn(@Session() ss: Session) {
    ss.set('user', 'peter');
  }
  @Get('user') user(@Session() ss: Session) {
    return { user: ss.get('user') ?? null };
  }
  @Get('out') async signOut(@Session() ss: Session) {
    await ss.destroy().catch(() => ss.destroy());
    return 'Good bye';
  }
}

describe('two sign-outs of one session at once', () => {
  const events = recordEvents();
  afterAll(closeApps);

  it('end it once, and the event says so once', async () => {
    const { sessions } = await startApp('Express, in memory');
    const headers = { cookie: `sid=${await sessions.begin({ user: 'peter' })}` };
    const both = await Promise.all([1, 2].map(() => sessions.get({ headers })));
    for (const ss of both) await ss.destroy();
    expect(events.take('destroyed')).toHaveLength(1);
  });
});

describe.each(adapters)('a sign-out that the store did not take at first, on %s', (adapter) => {
  const store = new ForgetfulStore();
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(adapter, { controllers: [SignController], session: { store } });
  });
  afterAll(closeApps);

  it('is one where the application tries again', async () => {
    const client = app.client();
    await client.get('/in');
    const copy = client.jar.get('sid')!;
    store.failures = 1;
    const answer = await client.get('/out');
    expect([answer.status, answer.body]).toEqual([200, 'Good bye']);
    expect(client.jar.size).toBe(0);
    client.jar.set('sid', copy);
    expect((await client.get('/user')).json).toEqual({ user: null });
  });

  it('is an error where it fails again, and the session stays', async () => {
    const client = app.client();
    await client.get('/in');
    store.failures = 2;
    const answer = await client.get('/out');
    expect(answer.status).toBe(503);
    expect(answer.setCookies).toEqual([]);
    store.failures = 0;
    expect((await client.get('/user')).json).toEqual({ user: 'peter' });
  });
});
