import { jest } from '@jest/globals';
import { Controller, Get, Param, Query, Redirect, Res, Sse } from '@nestjs/common';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { concatMap, from, type Observable } from 'rxjs';
import { Session } from 'nestjs-typed-session';
import { native } from './support/native.js';
import { closeApps, startApp, takeLogs, type TestApp } from './support/app.js';
import type { Answer, Client } from './support/client.js';
import { Latches } from './support/latch.js';
import { recordEvents } from './support/session-events.js';
import { storeOf } from './support/stores.js';
import { atomicPlaces, WatchedStore } from './support/watched-store.js';

const latches = new Latches();

/** What a request may do to its session once the test lets it. */
const changes: Record<string, (ss: Session) => unknown> = {
  set: (ss) => ss.set('slow', 'set'),
  'values.x =': (ss) => (ss.values.slow = 'set'),
  push: (ss) => (ss.get('list') as string[]).push('more'),
  delete: (ss) => ss.delete('user'),
  clear: (ss) => ss.clear(),
  addFlash: (ss) => ss.addFlash('slow'),
  flashes: (ss) => ss.flashes('notes'),
  increment: (ss) => ss.increment('count'),
  'set and save': async (ss) => {
    ss.set('slow', 'set');
    await ss.save();
  },
  'cookie.maxAge =': (ss) => (ss.cookie.maxAge = '90 days'),
  regenerate: (ss) => ss.regenerate(),
  'regenerate and set': async (ss) => {
    await ss.regenerate();
    ss.set('slow', 'set');
  },
};

const reads: Record<string, (ss: Session) => unknown> = {
  nothing: () => {},
  get: (ss) => ss.get('user'),
  values: (ss) => ss.values,
  peekFlashes: (ss) => ss.peekFlashes('notes'),
  id: (ss) => ss.id,
};

@Controller()
class RaceController {
  @Get('begin') begin(@Session() ss: Session) {
    ss.set('user', 'peter');
    ss.set('list', ['first']);
    ss.addFlash('a note', 'notes');
  }
  @Get('read') read(@Session() ss: Session) {
    return { values: ss.values };
  }
  @Get('set') set(@Session() ss: Session, @Query() query: Record<string, string>) {
    for (const [key, value] of Object.entries(query)) ss.set(key, value);
  }
  @Get('delete/:key') delete(@Session() ss: Session, @Param('key') key: string) {
    ss.delete(key);
  }
  @Get('increment') async increment(@Session() ss: Session) {
    return { count: await ss.increment('count') };
  }
  @Get('flash/:flash') flash(@Session() ss: Session, @Param('flash') flash: string) {
    ss.addFlash(flash);
  }
  @Get('show') show(@Session() ss: Session) {
    return { flashes: ss.flashes() };
  }
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await ss.regenerate();
  }

  /** Opens the session, waits for the latch of this name, and then does what it is told. */
  @Get('slow/:what') async slow(
    @Session() ss: Session,
    @Param('what') what: string,
    @Query('latch') latch = 'slow',
  ) {
    const { user } = ss.values;
    await latches.of(latch).wait();
    await (changes[what] ?? reads[what])(ss);
    return { user };
  }
  @Get('slow-set') async slowSet(@Session() ss: Session, @Query() query: Record<string, string>) {
    const { latch, ...values } = query;
    await latches.of(latch).wait();
    for (const [key, value] of Object.entries(values)) ss.set(key, value);
  }
  @Get('slow-show') async slowShow(@Session() ss: Session) {
    const flashes = ss.flashes();
    await latches.of('show').wait();
    return { flashes };
  }

  @Get('unawaited') unawaited(@Session() ss: Session) {
    ss.set('saved', 'yes');
    void ss.save();
    void ss.increment('count');
    void ss.increment('count');
    return 'at once';
  }
  @Get('unawaited-end/:first') unawaitedEnd(@Session() ss: Session, @Param('first') first: string) {
    ss.set('user', 'paul');
    if (first === 'increment') void ss.increment('count');
    if (first !== 'nothing') void ss.save();
    void ss.destroy();
    return 'at once';
  }
  @Get('at-once') async atOnce(@Session() ss: Session) {
    ss.set('saved', 'yes');
    ss.addFlash('once');
    await Promise.all([ss.increment('count'), ss.save(), ss.increment('count'), ss.save()]);
  }
  @Get('late-save') lateSave(@Session() ss: Session, @Res() res: any) {
    const response = native(res);
    response.write('a ', () => {
      ss.set('late', 'saved');
      void ss.save();
      response.end('body');
    });
  }
  @Get('save-between') async saveBetween(@Session() ss: Session) {
    ss.set('first', 'saved');
    await ss.save();
    await latches.of('slow').wait();
    ss.set('second', 'committed');
  }

  @Sse('events') events(@Session() ss: Session): Observable<{ data: string }> {
    ss.set('begun', 'yes');
    return from(['one', 'two']).pipe(
      concatMap(async (data) => {
        await latches.of(data).wait();
        ss.set(data, 'seen');
        await ss.save();
        await ss.increment('count');
        return { data };
      }),
    );
  }

  @Get('redirect/nest') @Redirect('/read') redirectByNest(@Session() ss: Session) {
    ss.set('by', 'nest');
  }
  @Get('redirect/response') redirectByResponse(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'response');
    res.status(302).redirect('/read');
  }
  @Get('redirect/native') redirectByNative(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'native');
    const response = native(res);
    response.writeHead(302, { location: '/read' });
    response.flushHeaders();
    // The client follows while the body is still to come.
    void latches
      .of('body')
      .wait()
      .then(() => response.end('moved'));
  }
}

const HOUR = 3_600_000;
const TWENTY = Array.from({ length: 20 }, (_, i) => i);

describe.each(atomicPlaces)('requests at the same moment, on %s', (place) => {
  let app: TestApp;
  let store: WatchedStore;
  const events = recordEvents();

  beforeAll(async () => {
    store = new WatchedStore((await storeOf(place))!);
    app = await startApp(place, { controllers: [RaceController], session: { store } });
  });
  afterAll(closeApps);
  beforeEach(() => {
    latches.renew();
    store.keys.clear();
    takeLogs();
  });
  afterEach(() => {
    store.around = undefined;
    latches.renew();
    jest.restoreAllMocks();
  });

  /** A browser with a session. */
  async function begun(): Promise<Client> {
    const client = app.client();
    await client.get('/begin');
    return client;
  }
  /** Another tab of a browser: a connection of its own, and the cookie that it has now. */
  function tabOf(client: Client): Client {
    const tab = app.client();
    for (const [name, value] of client.jar) tab.jar.set(name, value);
    return tab;
  }
  const valuesOf = async (client: Client) => (await client.get('/read')).json.values;

  /** Sends a request and waits until its handler waits. */
  async function begin(client: Client, path: string, latch = 'slow') {
    const answer = client.get(path);
    await Promise.race([latches.of(latch).reached, answer]);
    return {
      finish: () => {
        latches.of(latch).open();
        return answer;
      },
    };
  }

  /** Holds a call of the store, before it is made, until the test lets it go on. */
  function holdAt(operation: string, latch: string): void {
    let isHeld = false;
    store.around = async (called, proceed) => {
      if (called === operation && !isHeld) {
        isHeld = true;
        await latches.of(latch).wait();
      }
      return proceed();
    };
  }

  const atOnce = <T>(client: Client, act: (tab: Client, i: number) => Promise<T>) =>
    Promise.all(TWENTY.map((i) => act(tabOf(client), i)));

  describe('statement 58: 20 writes of different keys', () => {
    it('are all kept', async () => {
      const client = await begun();
      const answers = await atOnce(client, (tab, i) => tab.get(`/set?key${i}=${i}`));
      expect(answers.map(({ status }) => status)).toEqual(TWENTY.map(() => 200));
      const expected = Object.fromEntries(TWENTY.map((i) => [`key${i}`, `${i}`]));
      expect(await valuesOf(client)).toMatchObject({ ...expected, user: 'peter' });
      expect(events.take('dropped')).toEqual([]);
    });

    it('are all kept where each has read the session before any has written', async () => {
      const client = await begun();
      const slow = await Promise.all(
        TWENTY.map((i) => begin(tabOf(client), `/slow-set?latch=l${i}&key${i}=${i}`, `l${i}`)),
      );
      await Promise.all(slow.map(({ finish }) => finish()));
      const expected = Object.fromEntries(TWENTY.map((i) => [`key${i}`, `${i}`]));
      expect(await valuesOf(client)).toMatchObject({ ...expected, user: 'peter' });
    });
  });

  describe('statement 59: 20 increments of one counter', () => {
    it('are 20, and each request sees another count', async () => {
      const client = await begun();
      const counts = await atOnce(client, async (tab) => (await tab.get('/increment')).json.count);
      expect(counts.toSorted((a, b) => a - b)).toEqual(TWENTY.map((i) => i + 1));
      expect(await valuesOf(client)).toMatchObject({ count: 20 });
    });
  });

  describe('statement 60: 20 flashes', () => {
    it('are all shown, each once', async () => {
      const client = await begun();
      await atOnce(client, (tab, i) => tab.get(`/flash/${i}`));
      const { flashes } = (await client.get('/show')).json;
      expect(flashes.map(Number).toSorted((a: number, b: number) => a - b)).toEqual(TWENTY);
      expect((await client.get('/show')).json).toEqual({ flashes: [] });
    });

    it('are all shown, each once, while a page shows what there is', async () => {
      const client = await begun();
      const shown: string[] = [];
      const show = async () => shown.push(...(await client.get('/show')).json.flashes);
      await Promise.all([
        atOnce(client, (tab, i) => tab.get(`/flash/${i}`)),
        // One connection: each waits for the one before.
        ...TWENTY.map(show),
      ]);
      await show();
      expect(shown.map(Number).toSorted((a, b) => a - b)).toEqual(TWENTY);
    });
  });

  describe('a flash that comes while another request shows the list', () => {
    it('is shown next, and what was shown is not shown again', async () => {
      const client = await begun();
      await client.get('/flash/early');
      const showing = await begin(tabOf(client), '/slow-show', 'show');
      await client.get('/flash/late');
      expect((await showing.finish()).json).toEqual({ flashes: ['early'] });
      expect((await client.get('/show')).json).toEqual({ flashes: ['late'] });
      expect((await client.get('/show')).json).toEqual({ flashes: [] });
    });

    it('is shown once, though it says the same as one that was shown', async () => {
      const client = await begun();
      await client.get('/flash/saved');
      const showing = await begin(tabOf(client), '/slow-show', 'show');
      await client.get('/flash/saved');
      expect((await showing.finish()).json).toEqual({ flashes: ['saved'] });
      expect((await client.get('/show')).json).toEqual({ flashes: ['saved'] });
      expect((await client.get('/show')).json).toEqual({ flashes: [] });
    });
  });

  describe('two writes of one key', () => {
    it('leave what was committed last', async () => {
      const client = await begun();
      const first = await begin(tabOf(client), '/slow-set?latch=first&key=first', 'first');
      const last = await begin(tabOf(client), '/slow-set?latch=last&key=last', 'last');
      await first.finish();
      await last.finish();
      expect(await valuesOf(client)).toMatchObject({ key: 'last' });
    });

    it('leave a key deleted that was deleted last, and others alone', async () => {
      const client = await begun();
      const deleting = await begin(tabOf(client), '/slow/delete');
      await client.get('/set?user=paul&other=set');
      await deleting.finish();
      const values = await valuesOf(client);
      expect(values).toMatchObject({ other: 'set' });
      expect(values).not.toHaveProperty('user');
    });

    it('leave a key set that was set last', async () => {
      const client = await begun();
      const setting = await begin(tabOf(client), '/slow-set?latch=slow&user=paul');
      await client.get('/delete/user');
      await setting.finish();
      expect(await valuesOf(client)).toMatchObject({ user: 'paul' });
    });
  });

  /** The changes that wait for the store: `SESSION_ENDED` where it has the session no more. */
  const AWAITED = new Set(['set and save', 'increment']);

  /** How a session ends, or gets another id, while a request is under way. */
  const ends: [end: string, act: (client: Client) => Promise<unknown>][] = [
    ['signed out', (client) => client.get('/destroy')],
    [
      'over',
      async () => {
        const now = Date.now();
        jest.spyOn(Date, 'now').mockImplementation(() => now + 31 * 24 * HOUR);
      },
    ],
  ];

  describe.each(ends)(
    'statement 25: a session that is %s while a request is under way',
    (_end, act) => {
      it.each(Object.keys(changes))('does not come back by %s', async (change) => {
        const client = await begun();
        const tab = tabOf(client);
        const slow = await begin(tab, `/slow/${encodeURIComponent(change)}`);
        await act(client);
        const answer = await slow.finish();
        // Who awaits what kept nothing is told.
        expect(answer.status).toBe(AWAITED.has(change) ? 500 : 200);
        expect(answer.setCookies).toEqual([]);
        expect(events.take('dropped')).toEqual([
          {
            kind: 'dropped',
            session: 'sid',
            idHash: expect.stringMatching(/^[\w-]{22}$/) as string,
          },
        ]);
        // Not by the cookie that the slow request was sent with either.
        expect(await valuesOf(tab)).toEqual({});
        jest.restoreAllMocks();
        const isOver = (entry: { expiresAt: number }) =>
          entry.expiresAt < Date.now() + 30 * 24 * HOUR;
        expect((await store.entries()).filter((entry) => !isOver(entry))).toEqual([]);
      });

      it.each(Object.keys(reads))('does not come back by a read: %s', async (read) => {
        const client = await begun();
        const tab = tabOf(client);
        const slow = await begin(tab, `/slow/${read}`);
        await act(client);
        const answer = await slow.finish();
        expect(answer.json).toEqual({ user: 'peter' });
        expect(answer.setCookies).toEqual([]);
        expect(await valuesOf(tab)).toEqual({});
      });
    },
  );

  describe('a session that was signed out', () => {
    it('leaves nothing in the store, whatever was under way', async () => {
      const client = await begun();
      const slow = await Promise.all(
        Object.keys(changes).map((change) =>
          begin(tabOf(client), `/slow/${encodeURIComponent(change)}?latch=${change}`, change),
        ),
      );
      expect(await store.entries()).toHaveLength(1);
      await client.get('/destroy');
      await Promise.all(slow.map(({ finish }) => finish()));
      expect(await store.entries()).toEqual([]);
      expect(events.take('dropped')).toHaveLength(slow.length);
    });

    it('does not come back where the two meet in the store', async () => {
      for (const change of ['set', 'increment']) {
        const client = await begun();
        const tabs = TWENTY.map(() => tabOf(client));
        await Promise.all([
          ...tabs.map((tab) => tab.get(`/slow/${change}?latch=opened`)),
          Promise.resolve().then(() => latches.of('opened').open()),
          client.get('/destroy'),
        ]);
        for (const tab of tabs) expect(await valuesOf(tab)).not.toHaveProperty('user');
      }
    });
  });

  describe('statement 26: a session that got a new id while a request was under way', () => {
    it.each(Object.keys(changes))('does not come back under the old one by %s', async (change) => {
      const client = await begun();
      const tab = tabOf(client);
      const slow = await begin(tab, `/slow/${encodeURIComponent(change)}`);
      await client.get('/regenerate');
      const answer = await slow.finish();
      expect(answer.setCookies).toEqual([]);
      expect(events.take('dropped')).toHaveLength(1);
      expect(await valuesOf(tab)).toEqual({});
      expect(await valuesOf(client)).toEqual({
        user: 'peter',
        list: ['first'],
        notes: ['a note'],
      });
      expect(await store.entries()).toHaveLength(1);
    });

    it.each(Object.keys(reads))('keeps its new cookie beside a slow read: %s', async (read) => {
      const client = await begun();
      const slow = await begin(tabOf(client), `/slow/${read}`);
      await client.get('/regenerate');
      expect((await slow.finish()).setCookies).toEqual([]);
      expect(await valuesOf(client)).toMatchObject({ user: 'peter' });
    });

    it('is one where two requests do it at once', async () => {
      const client = await begun();
      const slow = await Promise.all(
        ['a', 'b'].map((latch) => begin(tabOf(client), `/slow/regenerate?latch=${latch}`, latch)),
      );
      const answers = await Promise.all(slow.map(({ finish }) => finish()));
      const cookies = answers.flatMap(({ setCookies }) => setCookies);
      expect(cookies).toHaveLength(1);
      const after = app.client();
      expect((await after.get('/read', { cookie: cookies[0].split(';')[0] })).json.values).toEqual(
        expect.objectContaining({ user: 'peter' }),
      );
      expect(await store.entries()).toHaveLength(1);
    });
  });

  describe('a session that gets a new id', () => {
    it('has kept what another request wrote meanwhile', async () => {
      const client = await begun();
      const tab = tabOf(client);
      const slow = await begin(tab, '/slow/regenerate and set'.replaceAll(' ', '%20'));
      await client.get('/set?other=kept');
      expect((await slow.finish()).setCookies).toHaveLength(1);
      expect(await valuesOf(tab)).toMatchObject({ user: 'peter', slow: 'set', other: 'kept' });
      expect(await store.entries()).toHaveLength(1);
    });

    it('has kept what was written between its new entry and the end of the old', async () => {
      const client = await begun();
      const tab = tabOf(client);
      holdAt('remove', 'moving');
      const moving = await begin(tab, '/regenerate', 'moving');
      await client.get('/set?other=kept');
      await moving.finish();
      expect(await valuesOf(tab)).toMatchObject({ user: 'peter', other: 'kept' });
      expect(await store.entries()).toHaveLength(1);
    });

    it('is signed out where that comes before the old one is gone', async () => {
      const client = await begun();
      const tab = tabOf(client);
      holdAt('remove', 'moving');
      const moving = await begin(tab, '/regenerate', 'moving');
      await client.get('/destroy');
      const answer = await moving.finish();
      expect(answer.setCookies).toEqual([]);
      expect(events.take('dropped')).toHaveLength(1);
      expect(await store.entries()).toEqual([]);
    });
  });

  describe('a session whose life another request has renewed', () => {
    it('keeps what a request writes that began before', async () => {
      const client = await begun();
      const slow = await begin(tabOf(client), '/slow/set');
      const now = Date.now();
      const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 29 * 24 * HOUR);
      await client.get('/read');
      clock.mockImplementation(() => now + 31 * 24 * HOUR);
      await slow.finish();
      expect(await valuesOf(client)).toMatchObject({ user: 'peter', slow: 'set' });
      expect(events.take('dropped')).toEqual([]);
    });
  });

  describe('statement 63: a redirect', () => {
    const LATENCY = 200;

    /** Follows at the header, as a browser does: it does not wait for a body. */
    function follow(path: string, client: Client): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const cookie = `sid=${client.jar.get('sid')}`;
        const sent = get(app.url + path, { headers: { cookie }, agent: false }, (response) => {
          resolve(client.get(response.headers.location ?? '/no-redirect'));
          response.resume();
        });
        sent.on('error', reject);
      });
    }

    it.each(['nest', 'response', 'native'])(
      'shows its data to who follows at the header: by %s',
      async (by) => {
        const client = await begun();
        store.around = async (operation, proceed) => {
          if (operation === 'write') await delay(LATENCY);
          return proceed();
        };
        const followed = await follow(`/redirect/${by}`, client);
        expect(followed.json.values).toMatchObject({ by });
        latches.of('body').open();
      },
    );
  });

  describe('save()', () => {
    it('is seen by others while the request goes on', async () => {
      const client = await begun();
      const slow = await begin(tabOf(client), '/save-between');
      const between = await valuesOf(client);
      expect(between).toMatchObject({ first: 'saved' });
      expect(between).not.toHaveProperty('second');
      await client.get('/set?third=other');
      await slow.finish();
      expect(await valuesOf(client)).toMatchObject({
        first: 'saved',
        second: 'committed',
        third: 'other',
      });
    });

    it('keeps what changes after the headers, and nobody complains', async () => {
      const client = await begun();
      const streaming = await begin(tabOf(client), '/events', 'one');
      latches.of('one').open();
      // The first event has gone by then, and the headers with it.
      await latches.of('two').reached;
      expect(await valuesOf(client)).toMatchObject({ begun: 'yes', one: 'seen', count: 1 });
      latches.of('two').open();
      expect((await streaming.finish()).body).toMatch(/data: one[^]*data: two/);
      expect(await valuesOf(client)).toMatchObject({ one: 'seen', two: 'seen', count: 2 });
      expect(takeLogs().errors).toEqual([]);
    });
  });

  describe('what nobody awaits', () => {
    it('is done before the response says so', async () => {
      const client = await begun();
      expect((await client.get('/unawaited')).body).toBe('at once');
      expect(await valuesOf(client)).toMatchObject({ saved: 'yes', count: 2 });
      const fresh = app.client();
      await fresh.get('/unawaited');
      expect(await valuesOf(fresh)).toEqual({ saved: 'yes', count: 2 });
    });

    it.each(['nothing', 'save', 'increment'])(
      'ends the session all the same, after %s that nobody awaits either',
      async (first) => {
        const client = await begun();
        await client.get(`/unawaited-end/${first}`);
        expect(client.jar.size).toBe(0);
        expect(await store.entries()).toEqual([]);
      },
    );

    it('is in the order in which it was begun', async () => {
      const client = await begun();
      await client.get('/at-once');
      expect(await valuesOf(client)).toMatchObject({ saved: 'yes', count: 2, _flash: ['once'] });
    });

    it('is no change that nobody saved, where the response ends at once', async () => {
      const client = await begun();
      expect((await client.get('/late-save')).body).toBe('a body');
      expect(await valuesOf(client)).toMatchObject({ late: 'saved' });
      expect(takeLogs().errors).toEqual([]);
    });
  });
});
