import { Controller, Get, Query } from '@nestjs/common';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { setTimeout as delay } from 'node:timers/promises';
import { Session, type SessionCookieOptions } from 'nestjs-typed-session';
import {
  closeApps,
  isInStore,
  places,
  startApp,
  takeLogs,
  type Place,
  type TestApp,
} from './support/app.js';
import { allowOtherPorts, askFrom, findChromium, launch } from './support/browser.js';
import { attributes } from './support/client.js';

@Controller()
class ShopController {
  @Get('in') async signIn(@Session() ss: Session, @Query('user') user: string) {
    await ss.regenerate();
    ss.set('user', user);
    return 'Welcome';
  }
  @Get('count') count(@Session() ss: Session) {
    const count = ((ss.get('count') as number | undefined) ?? 0) + 1;
    ss.set('count', count);
    return String(count);
  }
  @Get('user') user(@Session() ss: Session) {
    return (ss.get('user') as string | undefined) ?? 'nobody';
  }
  @Get('out') async signOut(@Session() ss: Session) {
    await ss.destroy();
    return 'Good bye';
  }
}

const start = (place: Place, cookie: SessionCookieOptions) =>
  startApp(place, {
    controllers: [ShopController],
    session: { cookie },
    configure: (app) => app.use(allowOtherPorts),
  });

const started = new Map<string, Promise<TestApp>>();

/** The application with these options, which is started when it is first asked for. */
function appWith(place: Place, cookie: SessionCookieOptions): Promise<TestApp> {
  const options = JSON.stringify([place, cookie]);
  const app = started.get(options) ?? start(place, cookie);
  started.set(options, app);
  return app;
}

afterAll(closeApps);

const chromium = findChromium();
(chromium === undefined ? describe.skip : describe)('in a real browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    browser = await launch(chromium!, ['shop.test', '*.shop.test']);
    context = await browser.newContext();
    page = await context.newPage();
  }, 60_000);
  beforeEach(() => context.clearCookies());
  afterAll(() => browser.close());

  const changes: [string, string, SessionCookieOptions, SessionCookieOptions][] = [
    ['a domain that is added', 'shop.test', {}, { domain: 'shop.test' }],
    ['a domain that is taken away', 'shop.test', { domain: 'shop.test' }, {}],
    ['the domain of a parent, taken away', 'www.shop.test', { domain: 'shop.test' }, {}],
  ];

  describe.each(changes)(
    'statement 47: two cookies of one name, by %s',
    (_, host, earlier, later) => {
      it.each(places)('are one session, the newest, on %s', async (place) => {
        // What a store has under the id of a cookie goes with the sign-out, so its cookie may stay.
        const mayStay = isInStore(place) && host !== 'shop.test';
        const [first, second] = [await appWith(place, earlier), await appWith(place, later)];
        // Two instances of one host: cookies know no ports.
        const at = (app: TestApp, path: string) => app.url.replace('127.0.0.1', host) + path;
        const get = (app: TestApp, path: string) => askFrom(page, at(app, path));
        await page.goto(at(first, '/user'));

        await get(first, '/in?user=peter');
        expect(await get(first, '/count')).toBe('1');
        for (const count of ['2', '3', '4']) expect(await get(second, '/count')).toBe(count);
        expect(await context.cookies()).toHaveLength(2);

        await get(second, '/in?user=mary');
        expect(await get(second, '/user')).toBe('mary');
        expect(await context.cookies()).toHaveLength(mayStay ? 2 : 1);

        await get(first, '/count');
        expect(await context.cookies()).toHaveLength(2);
        await get(second, '/out');
        expect(await context.cookies()).toHaveLength(mayStay ? 1 : 0);
        expect(await get(second, '/user')).toBe('nobody');
      });
    },
  );
});

if (chromium === undefined) {
  it('runs in a real browser wherever there is Chromium', () => {
    expect(process.env.REQUIRE_SERVERS ?? '').toBe('');
  });
}

describe.each(places)('the line that deletes another cookie of the name, on %s', (place) => {
  const cookieOf = async (app: TestApp) => {
    const older = await app.sessions.begin({ user: 'peter' });
    await delay(2);
    return `sid=${older}; sid=${await app.sessions.begin({ user: 'mary' })}`;
  };
  const domainAndPath = (line: string) => {
    const { domain, path } = attributes(line);
    return [domain, path];
  };

  it.each<[string, SessionCookieOptions, (string | undefined)[][]]>([
    ['a domain', { domain: 'shop.test' }, [[undefined, '/']]],
    ['nothing', {}, [['shop.test', '/']]],
    [
      'a path and a domain',
      { domain: 'shop.test', path: '/out' },
      [
        ['shop.test', '/'],
        [undefined, '/out'],
        [undefined, '/'],
      ],
    ],
  ])(
    'statement 24: goes out with a sign-out where there is configured: %s',
    async (_, cookie, twins) => {
      const app = await appWith(place, cookie);
      const headers = { cookie: await cookieOf(app), host: 'shop.test:80' };
      const { setCookies } = await app.client().get('/out', headers);
      for (const line of setCookies) {
        expect(line).toMatch(/^sid=;/);
        expect(attributes(line)).toMatchObject({ 'max-age': '0' });
      }
      expect(setCookies.slice(0, -1).map(domainAndPath)).toEqual(twins);
      expect(domainAndPath(setCookies.at(-1)!)).toEqual([cookie.domain, cookie.path ?? '/']);
    },
  );

  it('goes out with a new id, before the cookie', async () => {
    const app = await appWith(place, { domain: 'shop.test' });
    const headers = { cookie: await cookieOf(app), host: 'shop.test' };
    const { setCookies } = await app.client().get('/in?user=paul', headers);
    expect(setCookies).toHaveLength(2);
    expect(setCookies[0]).toMatch(/^sid=;/);
    expect(attributes(setCookies[1])).toMatchObject({ domain: 'shop.test' });
  });

  it('statement 43: does not go out with a change, nor where one cookie of the name came', async () => {
    const app = await appWith(place, { domain: 'shop.test' });
    const several = await cookieOf(app);
    const [one] = several.split('; ');
    for (const [path, cookie] of [
      ['/count', several],
      ['/out', one],
    ]) {
      expect((await app.client().get(path, { cookie })).setCookies).toHaveLength(1);
    }
  });

  it.each(['[::1]', 'shop_test', 'shop.test;x'])(
    'goes out for no host that is none: %j',
    async (host) => {
      const app = await appWith(place, {});
      const answer = await app.client().get('/out', { cookie: await cookieOf(app), host });
      if (answer.status === 200) expect(answer.setCookies).toHaveLength(1);
      else expect(answer.status).toBe(400);
    },
  );

  it('is told in the log once', async () => {
    const app = await start(place, {});
    const cookie = await cookieOf(app);
    takeLogs();
    for (let time = 0; time < 3; time++) {
      expect((await app.client().get('/user', { cookie })).body).toBe('mary');
    }
    expect(takeLogs().warnings).toEqual([expect.stringContaining('the newest counts')]);
  });
});
