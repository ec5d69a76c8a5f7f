import type { Browser } from 'playwright-core';
import { createClient } from 'redis';
import { findChromium, launch } from './support/browser.js';
import { describeWhere } from './support/programs.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';
import { Sample, Visitor } from './support/sample.js';
import { freePort } from './support/server-process.js';
import { describeShopInBrowser } from './support/shop-in-browser.js';
import { describeOrder, EarlyCustomer, FRESH_SIGN_IN } from './support/shop-order.js';
import { ADA, ShopVisit } from './support/shop-visit.js';

const NAME = '02-redis-fastify';
/** The shop whose pages are looked at in `sample.spec`. */
const WITHOUT_REDIS = '01-web-app';
const NEW_SECRET =
  'SESSION_SECRET is not set: the secret is a new one, and a restart signs everyone out.';

beforeAll(() => Promise.all([NAME, WITHOUT_REDIS].map((one) => Sample.build(one))), 180_000);

/** The number that an element of a page shows. */
const shown = (html: string, id: string) => Number(new RegExp(`id="${id}">(\\d+)`).exec(html)?.[1]);
const makerOf = (html: string) => Number(/Process <strong>(\d+)/.exec(html)?.[1]);

describe('the shop on Redis, where there is none', () => {
  it('says in one line how to get it', async () => {
    const env = { REDIS_PORT: `${await freePort()}`, PATH: '/nowhere' };
    const shop = new Sample(NAME, { env });
    expect(await shop.ended).toBe(1);
    expect(shop.lines).toEqual([
      expect.stringMatching(/^No Redis found\. .*`apt install redis-server`.*`brew install redis`/),
    ]);
  });

  it('says that none answers where it was told to look, and no password', async () => {
    const env = { REDIS_URL: `redis://shop:secret@127.0.0.1:${await freePort()}` };
    const shop = new Sample(NAME, { env });
    expect(await shop.ended).toBe(1);
    expect(shop.lines).toEqual(['REDIS_URL is set, but no Redis answers there.']);
  });

  it('keeps nobody waiting who has read it', async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    const shop = new Sample(NAME, { env });
    await shop.printed(/no Redis answers/);
    const said = Date.now();
    await shop.ended;
    expect(Date.now() - said).toBeLessThan(3000);
  });
});

describeWithRedis('the shop on Redis, which it starts itself', () => {
  it('ends it at the end, and everything else', async () => {
    const env = { REDIS_PORT: `${await freePort()}` };
    const shop = await Sample.start(NAME, { env });
    const [, port] = await shop.printed(/^Redis: one for as long as the shop runs, on port (\d+)$/);
    expect(await answers(port)).toBe(true);
    expect(await shop.stop('SIGINT')).toBe(0);
    expect(await answers(port)).toBe(false);
  });

  async function answers(port: string): Promise<boolean> {
    const url = `redis://127.0.0.1:${port}`;
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    return client.connect().then(
      () => {
        client.destroy();
        return true;
      },
      () => false,
    );
  }
});

describeWithRedis('the shop in two processes on one Redis', () => {
  let redis: RedisServer;
  let shop: Sample;
  let elsewhere: Sample;
  let early: EarlyCustomer;
  let processes: number[];

  beforeAll(async () => {
    redis = await RedisServer.start();
    [shop, elsewhere] = await Promise.all([
      Sample.start(NAME, { env: { REDIS_URL: redis.url, FRESH_SIGN_IN } }),
      Sample.start(WITHOUT_REDIS),
    ]);
    early = await EarlyCustomer.enter(shop);
    processes = shop.lines.at(-1)!.match(/\d+/g)!.slice(0, 2).map(Number);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([shop?.stop(), elsewhere?.stop()]);
    await redis?.stop();
  });

  /** The same page from both processes. */
  async function fromBoth(path: string, visitor: Visitor): Promise<string[]> {
    const pages = [await visitor.get(path), await visitor.get(path)].map(({ html }) => html);
    expect(new Set(pages.map(makerOf))).toEqual(new Set(processes));
    return pages;
  }

  async function signedIn(): Promise<Visitor> {
    const visitor = new Visitor(shop.url);
    await visitor.post('/sign-in', ADA);
    return visitor;
  }

  function copyOf({ cookie }: Visitor): Visitor {
    return Object.assign(new Visitor(shop.url), { cookie });
  }

  it('prints its Redis, its processes and its address', () => {
    expect(shop.lines).toEqual([
      NEW_SECRET,
      'Redis: the one of REDIS_URL',
      `Shop on Fastify, in the processes ${processes.join(' and ')}: ${shop.url}`,
    ]);
  });

  it('says so where its port is taken, and ends', async () => {
    const env = { REDIS_URL: redis.url, PORT: new URL(shop.url).port };
    const another = new Sample(NAME, { env });
    expect(await another.ended).toBe(1);
    expect(another.lines).toEqual([expect.stringMatching(/^The shop is closed: .*EADDRINUSE/)]);
  });

  it('keeps a cart while each page comes from the other process', async () => {
    const visitor = new Visitor(shop.url);
    for (const product of ['wax', 'pen', 'ink']) await visitor.post('/cart', { product });
    for (const html of await fromBoth('/cart', visitor)) {
      expect(html).toContain('<span class="badge">3</span>');
    }
  });

  it('loses no visit where both count at once', async () => {
    const visitor = new Visitor(shop.url);
    expect(shown((await visitor.get('/redis')).html, 'visits')).toBe(1);
    const visits = Array.from({ length: 30 }, () => visitor.get('/redis'));
    const pages = (await Promise.all(visits)).map(({ html }) => html);
    expect(new Set(pages.map(makerOf))).toEqual(new Set(processes));
    const counts = pages.map((html) => shown(html, 'visits')).toSorted((a, b) => a - b);
    expect(counts).toEqual(Array.from({ length: 30 }, (_, i) => i + 2));
  });

  it('keeps more than fits into a cookie', async () => {
    const visitor = new Visitor(shop.url);
    const letter = 'Dear reader, '.repeat(1000);
    expect((await visitor.post('/redis/letter', { letter })).status).toBe(303);
    for (const html of await fromBoth('/redis', visitor)) {
      expect(html).toContain(letter);
      expect(shown(html, 'cookie-bytes')).toBe(visitor.cookie.length - 1);
    }
    expect(visitor.cookie.length).toBeLessThan(200);
  });

  it.each([{}, { letter: 'x'.repeat(20_001) }])('takes no such letter: %#', async (form) => {
    const visitor = new Visitor(shop.url);
    const { status, html } = await visitor.post('/redis/letter', form);
    expect(status).toBe(400);
    expect(html).toContain('Write a letter of up to 20000 characters.');
  });

  it('gives a new id at the sign-in, and the old one opens nothing', async () => {
    const visitor = new Visitor(shop.url);
    await visitor.post('/cart', { product: 'wax' });
    const before = copyOf(visitor);
    await visitor.post('/sign-in', ADA);
    for (const html of await fromBoth('/', visitor)) expect(html).toContain('Hello Ada!');
    for (const html of await fromBoth('/cart', before)) {
      expect(html).toContain('There is nothing in it yet.');
    }
  });

  it('signs out for good: a copy of the cookie opens nothing', async () => {
    const visitor = await signedIn();
    const copy = copyOf(visitor);
    for (const html of await fromBoth('/', copy)) expect(html).toContain('Hello Ada!');
    await visitor.post('/sign-out');
    for (const html of await fromBoth('/', copy)) expect(html).not.toContain('Ada');
    expect((await copy.get('/checkout')).status).toBe(401);
  });

  it('keeps nothing in Redis that can be read: no name, no address, no id', async () => {
    const visitor = await signedIn();
    await visitor.get('/cart');
    const [, id] = /id="session-id">([^<…]+)/.exec((await visitor.get('/session')).html)!;
    const client = await createClient({ url: redis.url }).connect();
    const kept: string[] = [];
    for (const key of await client.keys('*')) {
      const isList = (await client.type(key)) === 'list';
      const values = isList ? await client.lRange(key, 0, -1) : await client.hVals(key);
      kept.push(key, ...values);
    }
    client.destroy();
    expect(kept.join('\n')).toMatch(/^shop-journal:/m);
    // Of each, the form has a character that no sealed text has, or is too long to be there by chance.
    const secrets = ['St James', "'Ada'", '"Ada"', '"ada"', 'quantity', id];
    expect(secrets.filter((one) => kept.join('\n').includes(one))).toEqual([]);
  });

  it('says that it cannot serve while Redis hangs, and knows everybody again after', async () => {
    const visitor = await signedIn();
    redis.pause();
    const answers = await Promise.all([visitor.get('/'), visitor.get('/')]);
    redis.resume();
    for (const { status, html, cookies } of answers) {
      expect([status, cookies]).toEqual([503, []]);
      expect(html).toContain('<h1>Service Unavailable</h1>');
    }
    for (const html of await fromBoth('/', visitor)) expect(html).toContain('Hello Ada!');
    expect(shop.lines.join('\n')).not.toContain('has ended');
  });

  it('puts another in the place of a process that ends, and keeps the session', async () => {
    const visitor = await signedIn();
    const [ended, other] = processes;
    process.kill(ended, 'SIGKILL');
    const replaced = `^Process ${ended} has ended \\(SIGKILL\\); process (\\d+) takes its place\\.$`;
    const [, added] = await shop.printed(new RegExp(replaced));
    processes = [other, Number(added)];
    for (const html of await fromBoth('/', visitor)) expect(html).toContain('Hello Ada!');
  });

  describeWhere({ chromium: findChromium() }, 'the shop on Redis, in Chromium', () => {
    let browsers: [Browser, Browser];

    beforeAll(async () => {
      browsers = await Promise.all([launch(findChromium()!), launch(findChromium()!)]);
    }, 180_000);
    afterAll(() => Promise.all((browsers ?? []).map((browser) => browser.close())));

    it('signs in, fills the cart and signs out, and sees both processes', async () => {
      const visit = await ShopVisit.begin(browsers[0], shop);
      const maker = async () =>
        Number((await visit.page.locator('.process').innerText()).split(' ')[1]);
      await visit.signIn();
      expect(await visit.notice()).toBe('You are signed in, Ada.');
      const makers = [await maker()];
      await visit.press('Add Sealing wax to cart');
      expect(await visit.notice()).toMatch(/Sealing wax/);
      makers.push(await maker());
      expect(new Set(makers)).toEqual(new Set(processes));

      await visit.page.reload();
      expect(await maker()).not.toBe(makers.at(-1));
      expect(await visit.page.locator('.greeting').innerText()).toContain('Hello Ada!');

      await visit.press('Sign out');
      expect(await visit.notice()).toBe('You are signed out. Good-bye!');
      expect(await visit.page.locator('.greeting').count()).toBe(0);
      await visit.end();
    });

    describeShopInBrowser('the shop on Redis', {
      shop: () => shop,
      browsers: () => browsers,
      isOnRedis: true,
      like: () => elsewhere,
    });
  });

  describeOrder('the shop on Redis', () => early);
});
