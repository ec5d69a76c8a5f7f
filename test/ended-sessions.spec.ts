import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { closeApps, isInStore, places, startApp, type TestApp } from './support/app.js';
import { Latches } from './support/latch.js';
import { recordEvents } from './support/session-events.js';

const HOUR = 3_600_000;
const latches = new Latches();

@Controller()
class LongController {
  @Get('out') async signOut(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('in') async signIn(@Session() ss: Session) {
    await ss.regenerate();
  }
  @Get('save') async save(@Session() ss: Session) {
    ss.set('by', 'a late request');
    return { saved: await codeOf(ss.save()) };
  }
  @Get('use') use(@Session() ss: Session) {
    ss.set('used', Date.now());
  }
  @Get('long') async long(@Session() ss: Session) {
    ss.set('by', 'a long request');
    await ss.save();
    await latches.of('long').wait();
    await ss.reload();
    const user = ss.get('user') ?? null;
    const saved = await codeOf(ss.save());
    return { user, saved };
  }
}

const codeOf = (done: Promise<unknown>) =>
  done.then(
    () => 'kept',
    ({ code }: { code: string }) => code,
  );

describe.each(places)('a session that is held for long, on %s', (place) => {
  const events = recordEvents();
  let app: TestApp;
  let headers: { cookie: string };

  beforeAll(async () => {
    app = await startApp(place, {
      controllers: [LongController],
      session: { idleTimeout: '1h' },
    });
  });
  beforeEach(async () => {
    latches.renew();
    headers = { cookie: `sid=${await app.sessions.begin({ user: 'peter' })}` };
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(closeApps);

  const later = (milliseconds: number) => {
    const now = Date.now() + milliseconds;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  };

  it('is over after its idle time, where a socket reads it', async () => {
    const ss = await app.sessions.get({ headers });
    expect(ss.get('user')).toBe('peter');
    later(HOUR + 1);
    expect(ss.get('user')).toBeUndefined();
    expect(ss.values).toEqual({});
    await ss.reload();
    expect(ss.get('user')).toBeUndefined();
    expect(await codeOf(ss.save())).toBe(
      isInStore(place) ? 'SESSION_ENDED' : 'SESSION_HEADERS_SENT',
    );
  });

  if (!isInStore(place)) return;

  it('is read again by a socket where another request has renewed it', async () => {
    const ss = await app.sessions.get({ headers });
    later(HOUR / 2);
    await app.client().get('/use', headers);
    later(HOUR / 2 + 1);
    expect(ss.get('user')).toBeUndefined();
    expect(await codeOf(ss.save())).toBe('SESSION_ENDED');
    await ss.reload();
    expect(ss.get('user')).toBe('peter');
    ss.set('by', 'a socket');
    expect(await codeOf(ss.save())).toBe('kept');
  });

  it.each(['before', 'after'])(
    'shows a socket that has saved nothing %s it looks again, once it was signed out',
    async (order) => {
      const ss = await app.sessions.get({ headers });
      ss.set('by', 'a socket');
      await ss.save();
      if (order === 'before') await ss.reload();
      await app.client().get('/out', headers);
      events.takeAll();
      await ss.reload();
      expect(ss.get('user')).toBeUndefined();
      for (let time = 0; time < 2; time++) {
        ss.set('by', 'a socket');
        expect(await codeOf(ss.save())).toBe('SESSION_ENDED');
        expect(events.take('dropped')).toHaveLength(1);
      }
      expect(await app.sessions.read(headers.cookie.slice(4))).toBeUndefined();
    },
  );

  it.each([true, false])('refuses to save what was signed out, changed: %s', async (isChanged) => {
    const ss = await app.sessions.get({ headers });
    await app.client().get('/out', headers);
    if (isChanged) ss.set('by', 'a socket');
    expect(await codeOf(ss.save())).toBe('SESSION_ENDED');
    expect(events.take('dropped')).toHaveLength(1);
  });

  it('refuses to save under an id that has just moved, and leaves the new cookie alone', async () => {
    const client = app.client();
    expect((await client.get('/in', headers)).setCookies).toHaveLength(1);
    events.takeAll();
    const { json, setCookies } = await client.get('/save', headers);
    expect({ json, setCookies }).toEqual({ json: { saved: 'SESSION_ENDED' }, setCookies: [] });
    expect(events.take('dropped')).toHaveLength(1);
  });

  it('shows a long request nothing once it was signed out', async () => {
    const answer = app.client().get('/long', headers);
    await latches.of('long').reached;
    await app.client().get('/out', headers);
    latches.of('long').open();
    expect((await answer).json).toEqual({ user: null, saved: 'SESSION_ENDED' });
    expect((await answer).setCookies).toEqual([]);
    expect(events.take('dropped')).toHaveLength(1);
  });
});
