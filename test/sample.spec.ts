import type { Browser, Page } from 'playwright-core';
import { type AdapterName, adapters } from './support/app.js';
import { findChromium, launch } from './support/browser.js';
import { Sample, Visitor } from './support/sample.js';
import { describeShopInBrowser } from './support/shop-in-browser.js';
import { describeOrder, EarlyCustomer, FRESH_SIGN_IN } from './support/shop-order.js';
import { ShopVisit } from './support/shop-visit.js';

const NAME = '01-web-app';
const DAY = 24 * 60 * 60;
const WRONG = 'That name and that password do not belong together.';

const shops = new Map<AdapterName, Sample>();
const early = new Map<AdapterName, EarlyCustomer>();
const urlOf = (adapter: AdapterName) => shops.get(adapter)!.url;

beforeAll(async () => {
  await Sample.build(NAME);
  const start = async (one: AdapterName) => {
    const args = one === 'Fastify' ? ['--fastify'] : [];
    const shop = await Sample.start(NAME, { args, env: { FRESH_SIGN_IN } });
    shops.set(one, shop);
    early.set(one, await EarlyCustomer.enter(shop));
  };
  await Promise.all(adapters.map(start));
}, 60_000);

afterAll(() => Promise.all([...shops.values()].map((shop) => shop.stop())));

describe.each(adapters)('the shop on %s', (adapter) => {
  it('prints its address, and that its secret is a new one', () => {
    expect(shops.get(adapter)!.lines).toEqual([
      'SESSION_SECRET is not set: the secret is a new one, and a restart signs everyone out.',
      `Shop on ${adapter}: ${urlOf(adapter)}`,
    ]);
  });

  it.each(['/', '/cart', '/sign-in', '/session'])('shows %s and sets no cookie', async (path) => {
    const { status, headers, cookies, html } = await new Visitor(urlOf(adapter)).get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(cookies).toEqual([]);
  });

  it.each([
    ['/style.css', 'text/css'],
    ['/icons.svg', 'image/svg+xml'],
    ['/favicon.svg', 'image/svg+xml'],
    ['/countdown.js', 'text/javascript'],
  ])('serves %s without the session', async (path, type) => {
    const { status, headers } = await new Visitor(urlOf(adapter)).get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(type);
    expect(headers.get('vary')).toBeNull();
  });

  it('leads a customer from the cart to the order', async () => {
    const visitor = new Visitor(urlOf(adapter));
    const added = await visitor.post('/cart', { product: 'wax' });
    expect([added.status, added.headers.get('location')]).toEqual([303, '/']);

    const stopped = await visitor.get('/checkout');
    expect(stopped.status).toBe(401);
    expect(stopped.html).toContain('Please sign in first.');

    const signedIn = await visitor.post('/sign-in', { name: 'grace', password: 'first-compiler' });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/checkout']);
    expect((await visitor.get('/checkout')).html).toContain('316 West 95th Street, New York');

    const ordered = await visitor.post('/checkout');
    expect([ordered.status, ordered.headers.get('location')]).toEqual([303, '/']);
    expect((await visitor.get('/')).html).toContain('Your parcel goes to 316 West 95th Street');
    expect((await visitor.get('/cart')).html).toContain('There is nothing in it yet.');
  });

  it('answers a wrong password with a 401 that shows the flash, and leaves nothing behind', async () => {
    const { status, html, cookies } = await new Visitor(urlOf(adapter)).post('/sign-in', {
      name: '"><script>',
      password: 'guess',
    });
    expect(status).toBe(401);
    expect(html).toContain(WRONG);
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(cookies).toEqual([]);
  });

  it.each([
    [404, '/cart', { product: 'yacht' }],
    [404, '/cart', {}],
    [400, '/cart/pen', { quantity: 'many' }],
    [400, '/cart/pen', { quantity: '-1' }],
    [400, '/cart/pen', { quantity: '100' }],
    [401, '/sign-in', {}],
    [401, '/sign-in', { 'name[x]': 'ada', password: 'analytical-engine' }],
    [401, '/checkout', {}],
    [401, '/devices/end', {}],
    [404, '/session/break', { way: 'axe' }],
    [404, '/nowhere', {}],
  ])('answers %i with a page to odd input: %s %j', async (expected, path, form) => {
    const { status, html } = await new Visitor(urlOf(adapter)).post(path, form);
    expect(status).toBe(expected);
    expect(html).toContain('<h1>');
    expect(html).not.toContain('Cannot POST');
  });
});

const executablePath = findChromium();

if (executablePath === undefined) {
  it('runs in a browser wherever there is one', () => {
    const missing = 'No Chromium on the PATH: the test of the shop in a browser was left out.';
    if (process.env.REQUIRE_BROWSER) throw new Error(missing);
    process.stderr.write(`${missing}\n`);
    expect(executablePath).toBeUndefined();
  });
} else {
  let browsers: [Browser, Browser];

  beforeAll(async () => {
    browsers = await Promise.all([launch(executablePath), launch(executablePath)]);
  }, 180_000);
  afterAll(() => Promise.all((browsers ?? []).map((browser) => browser.close())));

  describe.each(adapters)('the shop on %s, in Chromium', (adapter) => {
    let visit: ShopVisit;
    let page: Page;

    beforeAll(async () => {
      visit = await ShopVisit.begin(browsers[0], shops.get(adapter)!);
      page = visit.page;
    });
    afterEach(() => visit.leave());
    afterAll(() => visit.end());

    async function idShown() {
      await visit.goto('/session');
      return page.locator('#session-id').innerText();
    }

    it('fills a cart, changes it and keeps it through a reload', async () => {
      await visit.addToCart('Fountain pen', 'Sealing wax', 'Notebook', 'Notebook');
      await visit.goto('/cart');
      await page.getByLabel('Quantity of Sealing wax').fill('3');
      await visit.press('Update Sealing wax');
      await visit.press('Remove Fountain pen');
      await page.reload();
      expect(await page.getByLabel('Quantity of Sealing wax').inputValue()).toBe('3');
      expect(await page.getByLabel('Quantity of Notebook').inputValue()).toBe('2');
      expect(await page.getByLabel('Quantity of Fountain pen').count()).toBe(0);
      expect(await page.locator('.total').innerText()).toMatch(/€48\.25$/);
      expect(await visit.badge()).toMatch(/2$/);
    });

    it('shows a flash once', async () => {
      await visit.addToCart('Pencils');
      expect(await visit.notice()).toBe('Added to your cart: Pencils.');
      await page.reload();
      expect(await page.getByRole('status').count()).toBe(0);
    });

    it('comes back from a wrong password with a 401, the flash and the name', async () => {
      expect((await visit.signIn({ password: 'guess' })).status()).toBe(401);
      expect(await visit.alert()).toBe(WRONG);
      expect(await page.getByLabel('Name').inputValue()).toBe('ada');
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      expect(await visit.context.cookies()).toEqual([]);
      await visit.goto('/sign-in');
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('signs in under a new id, keeps the cart and greets by name and city', async () => {
      await visit.addToCart('Envelopes');
      const [id, before] = [await idShown(), await visit.sessionCookie()];
      expect((await visit.signIn()).status()).toBe(303);
      expect(await visit.notice()).toBe('You are signed in, Ada.');
      expect(await page.locator('.greeting').innerText()).toBe(
        'Hello Ada! Today we deliver to London.',
      );
      expect(await visit.badge()).toMatch(/1$/);
      expect((await visit.sessionCookie()).value).not.toBe(before.value);
      expect(await idShown()).not.toBe(id);
    });

    it('sends to the sign-in first, and then where the customer wanted to go', async () => {
      await visit.addToCart('Pencils');
      expect((await visit.goto('/checkout')).status()).toBe(401);
      expect(await visit.heading()).toBe('Sign in');
      await visit.signIn({ isThere: true });
      expect(visit.path).toBe('/checkout');
      await visit.press('Place the order');
      expect(await visit.notice()).toMatch(/^Thank you!/);
      expect(await visit.badge()).toBe('Cart');
    });

    it('keeps a cookie for a day, or for 90 days where it is to remember', async () => {
      const daysLeft = async () =>
        ((await visit.sessionCookie()).expires - Date.now() / 1000) / DAY;
      await visit.signIn();
      expect(await daysLeft()).toBeCloseTo(1);
      await visit.press('Sign out');
      await visit.signIn({ remember: true });
      expect(await daysLeft()).toBeCloseTo(90);
      await visit.addToCart('Pencils');
      expect(await daysLeft()).toBeCloseTo(90);
    });

    it('statement 83: keeps the cookie to itself', async () => {
      await visit.signIn();
      const cookie = await visit.sessionCookie();
      expect(cookie).toMatchObject({
        name: 'shop',
        domain: 'localhost',
        path: '/',
        httpOnly: true,
        sameSite: 'Lax',
        secure: false,
      });
      expect(await page.evaluate('document.cookie')).toBe('');
      expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
      for (const path of ['/', '/session']) {
        await visit.goto(path);
        expect(await page.content()).not.toContain(cookie.value);
      }
    });

    it('signs out: the user, the cart and the old cookie are gone', async () => {
      await visit.addToCart('Pencils');
      await visit.signIn();
      const before = await visit.sessionCookie();
      await visit.press('Sign out');
      expect(await visit.notice()).toBe('You are signed out. Good-bye!');
      expect(await page.locator('.greeting').count()).toBe(0);
      expect(await visit.badge()).toBe('Cart');
      expect((await visit.sessionCookie()).value).not.toBe(before.value);
      await visit.goto('/session');
      expect(await visit.main()).toContain('Nothing any more.');
      expect((await visit.goto('/checkout')).status()).toBe(401);
    });
  });

  for (const adapter of adapters) {
    describeShopInBrowser(`the shop on ${adapter}`, {
      shop: () => shops.get(adapter)!,
      browsers: () => browsers,
      like: adapter === 'Express' ? undefined : () => shops.get('Express')!,
    });
  }
}

for (const adapter of adapters) {
  describeOrder(`the shop on ${adapter}`, () => early.get(adapter)!);
}
