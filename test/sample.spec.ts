import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type AdapterName, adapters } from './support/app.js';
import { findChromium, launch, OBSTACLES } from './support/browser.js';
import { Sample, Visitor } from './support/sample.js';

const NAME = '01-web-app';
const DAY = 24 * 60 * 60;
const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const VIOLATIONS = `axe.run().then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;
const WRONG = 'That name and that password do not belong together.';

const shops = new Map<AdapterName, Sample>();
const urlOf = (adapter: AdapterName) => shops.get(adapter)!.url;

beforeAll(async () => {
  await Sample.build(NAME);
  const start = async (one: AdapterName) => {
    const args = one === 'Fastify' ? ['--fastify'] : [];
    shops.set(one, await Sample.start(NAME, { args }));
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
  let browser: Browser;
  /** Another device. */
  let otherBrowser: Browser;

  beforeAll(async () => {
    [browser, otherBrowser] = await Promise.all([launch(executablePath), launch(executablePath)]);
  }, 180_000);
  afterAll(() => Promise.all([browser?.close(), otherBrowser?.close()]));

  describe.each(adapters)('the shop on %s, in Chromium', (adapter) => {
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];

    beforeEach(async () => {
      context = await browser.newContext({ baseURL: urlOf(adapter) });
      page = await context.newPage();
      complaints = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // Chromium complains of each page that comes with such a status, and here they are meant.
        if (/status of 40[14]/.test(message.text())) return;
        if (message.type() !== 'log') complaints.push(message.text());
      });
    });
    afterEach(async () => {
      await context?.close();
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    });

    /** Every button of the shop leads to a page. */
    async function press(name: string) {
      const loaded = page.waitForEvent('load');
      await page.getByRole('button', { name }).click();
      await loaded;
    }
    const notice = () => page.getByRole('status');
    const badge = () =>
      page.getByRole('navigation').getByRole('link', { name: 'Cart' }).innerText();

    async function addToCart(...products: string[]) {
      await page.goto('/');
      for (const product of products) await press(`Add ${product} to cart`);
    }

    async function signIn({ password = 'analytical-engine', remember = false } = {}) {
      if (!page.url().endsWith('/checkout')) await page.goto('/sign-in');
      await page.getByLabel('Name').fill('ada');
      await page.getByLabel('Password').fill(password);
      if (remember) await page.getByLabel('Remember me').check();
      const answer = page.waitForResponse((one) => one.request().method() === 'POST');
      await press('Sign in');
      return answer;
    }

    async function sessionCookie() {
      const cookies = await context.cookies();
      expect(cookies).toHaveLength(1);
      return cookies[0];
    }

    async function idShown() {
      await page.goto('/session');
      return page.locator('#session-id').innerText();
    }

    it('fills a cart, changes it and keeps it through a reload', async () => {
      await addToCart('Fountain pen', 'Sealing wax', 'Notebook', 'Notebook');
      await page.goto('/cart');
      await page.getByLabel('Quantity of Sealing wax').fill('3');
      await press('Update Sealing wax');
      await press('Remove Fountain pen');
      await page.reload();
      expect(await page.getByLabel('Quantity of Sealing wax').inputValue()).toBe('3');
      expect(await page.getByLabel('Quantity of Notebook').inputValue()).toBe('2');
      expect(await page.getByLabel('Quantity of Fountain pen').count()).toBe(0);
      expect(await page.locator('.total').innerText()).toMatch(/€48\.25$/);
      expect(await badge()).toMatch(/2$/);
    });

    it('shows a flash once', async () => {
      await addToCart('Pencils');
      expect(await notice().innerText()).toBe('Added to your cart: Pencils.');
      await page.reload();
      expect(await notice().count()).toBe(0);
    });

    it('comes back from a wrong password with a 401, the flash and the name', async () => {
      expect((await signIn({ password: 'guess' })).status()).toBe(401);
      expect(await page.getByRole('alert').innerText()).toBe(WRONG);
      expect(await page.getByLabel('Name').inputValue()).toBe('ada');
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      expect(await context.cookies()).toEqual([]);
      await page.goto('/sign-in');
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('signs in under a new id, keeps the cart and greets by name and city', async () => {
      await addToCart('Envelopes');
      const [id, before] = [await idShown(), await sessionCookie()];
      expect((await signIn()).status()).toBe(303);
      expect(await notice().innerText()).toBe('You are signed in, Ada.');
      expect(await page.locator('.greeting').innerText()).toBe(
        'Hello Ada! Today we deliver to London.',
      );
      expect(await badge()).toMatch(/1$/);
      expect((await sessionCookie()).value).not.toBe(before.value);
      expect(await idShown()).not.toBe(id);
    });

    it('sends to the sign-in first, and then where the customer wanted to go', async () => {
      await addToCart('Pencils');
      expect((await page.goto('/checkout'))!.status()).toBe(401);
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Sign in');
      await signIn();
      expect(new URL(page.url()).pathname).toBe('/checkout');
      await press('Place the order');
      expect(await notice().innerText()).toMatch(/^Thank you!/);
      expect(await badge()).toBe('Cart');
    });

    it('keeps a cookie for a day, or for 90 days where it is to remember', async () => {
      const daysLeft = async () => ((await sessionCookie()).expires - Date.now() / 1000) / DAY;
      await signIn();
      expect(await daysLeft()).toBeCloseTo(1);
      await press('Sign out');
      await signIn({ remember: true });
      expect(await daysLeft()).toBeCloseTo(90);
      await addToCart('Pencils');
      expect(await daysLeft()).toBeCloseTo(90);
    });

    it('statement 83: keeps the cookie to itself', async () => {
      await signIn();
      const cookie = await sessionCookie();
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
        await page.goto(path);
        expect(await page.content()).not.toContain(cookie.value);
      }
    });

    it('opens the session: what it holds and weighs, and what the last request changed', async () => {
      await page.goto('/session');
      expect(await page.getByRole('main').innerText()).toContain('You have none');
      await addToCart('Pencils');
      await signIn();
      await page.goto('/session');
      const { name, value } = await sessionCookie();
      const text = await page.getByRole('main').innerText();
      expect(text).toContain(`${name.length + value.length} of 4096 bytes`);
      expect(text).toContain(`shop=${value.slice(0, 48)}…`);
      expect(text).toContain("{ product: 'pencils', quantity: 1 }");
      expect(text).toMatch(/User \{\s+name: 'Ada',\s+address: Address \{/);
      expect(text).toMatch(/in (1 d 0 h|23 h 59 min)/);
      expect(text).toContain('POST /sign-in');
      const row = (key: string) => page.getByRole('row', { name: key }).innerText();
      expect(await row('cart')).toMatch(/^cart\s+(\d+)\s+\1\s+same$/);
      expect(await row('user')).toMatch(/^user\s+–\s+\d+\s+new$/);
    });

    it.each([
      ['Tamper', /a new, empty one/, /rejected: bad-seal/, 'left as it is'],
      ['Cut', /a new, empty one/, /rejected: (malformed|bad-seal)/, 'left as it is'],
      ['Expire', /a new, empty one/, /rejected: expired/, 'left as it is'],
      ['Rotate', /opened: cart/, /committed/, 'sealed again with the newest secret'],
      ['Forget the key', /a new, empty one/, /rejected: unknown-key/, 'left as it is'],
    ])('breaks a copy of the session: %s', async (way, session, event, cookie) => {
      await addToCart('Pencils');
      await page.goto('/session');
      const id = await page.locator('#session-id').innerText();
      await press(way);
      const result = await page.locator('#trial').innerText();
      expect(result).toContain(`${way}: what happened`);
      expect(result).toMatch(session);
      expect(result).toMatch(event);
      expect(result).toContain(cookie);
      expect(await page.locator('#session-id').innerText()).toBe(id);
      expect(await badge()).toMatch(/1$/);
    });

    it('signs out: the user, the cart and the old cookie are gone', async () => {
      await addToCart('Pencils');
      await signIn();
      const before = await sessionCookie();
      await press('Sign out');
      expect(await notice().innerText()).toBe('You are signed out. Good-bye!');
      expect(await page.locator('.greeting').count()).toBe(0);
      expect(await badge()).toBe('Cart');
      expect((await sessionCookie()).value).not.toBe(before.value);
      await page.goto('/session');
      expect(await page.getByRole('main').innerText()).toContain('Nothing any more.');
      expect((await page.goto('/checkout'))!.status()).toBe(401);
    });

    it('can be used by everybody', async () => {
      await page.setViewportSize({ width: 320, height: 640 });
      await addToCart('Fountain pen', 'Sealing wax');
      await signIn();
      for (const path of [
        '/',
        '/cart',
        '/checkout',
        '/session',
        '/devices',
        '/sign-in',
        '/nowhere',
      ]) {
        await page.goto(path);
        expect([path, await page.evaluate(OBSTACLES)]).toEqual([path, []]);
      }
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
    });
  });
  describe.each(adapters)('the shop on %s, in two browsers at once', (adapter) => {
    let shop: Sample;
    beforeAll(async () => {
      const args = adapter === 'Fastify' ? ['--fastify'] : [];
      shop = await Sample.start(NAME, { args, env: { FRESH_SIGN_IN: '2 seconds' } });
    });
    afterAll(() => shop?.stop());

    async function press(page: Page, name: string) {
      const loaded = page.waitForEvent('load');
      await page.getByRole('button', { name }).click();
      await loaded;
    }

    async function signedIn(on: Browser): Promise<Page> {
      const page = await on.newPage({ baseURL: shop.url });
      await page.goto('/sign-in');
      await page.getByLabel('Name').fill('ada');
      await page.getByLabel('Password').fill('analytical-engine');
      await press(page, 'Sign in');
      return page;
    }

    it('lists the devices, ends one, ends all others, and keeps the one that asks', async () => {
      const here = await signedIn(browser);
      const there = await signedIn(otherBrowser);
      await here.goto('/devices');
      expect(await here.locator('.device').count()).toBe(2);
      expect(await here.locator('.device', { hasText: 'this one' }).count()).toBe(1);
      await press(here, 'Sign out Chrome on');
      expect(await here.getByRole('status').innerText()).toBe('That device is signed out.');
      expect(await here.locator('.device').count()).toBe(1);
      expect((await there.goto('/devices'))!.status()).toBe(401);

      const others = [await signedIn(otherBrowser), await signedIn(otherBrowser)];
      await here.goto('/devices');
      await press(here, 'Sign out everywhere else');
      expect(await here.getByRole('status').innerText()).toBe('Signed out elsewhere: 2.');
      for (const other of others) expect((await other.goto('/checkout'))!.status()).toBe(401);
      expect((await here.goto('/checkout'))!.status()).toBe(200);
    });

    it('asks for the password again before the order', async () => {
      const page = await signedIn(browser);
      await press(page, 'Add Pencils to cart');
      await delay(2100);
      await page.goto('/checkout');
      await press(page, 'Place the order');
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Is it you?');
      await page.getByLabel('Password').fill('guess');
      await press(page, 'Confirm');
      expect(await page.getByRole('alert').innerText()).toBe('That is not your password.');
      await page.getByLabel('Password').fill('analytical-engine');
      await press(page, 'Confirm');
      expect(new URL(page.url()).pathname).toBe('/checkout');
      await press(page, 'Place the order');
      expect(await page.getByRole('status').innerText()).toMatch(/^Thank you!/);
    });
  });

  describe('every page of the shop', () => {
    it.each([
      ['light', 1280],
      ['light', 390],
      ['dark', 1280],
      ['dark', 390],
    ] as const)('has nothing that axe finds: %s, %i pixels wide', async (colorScheme, width) => {
      const viewport = { width, height: 900 };
      const baseURL = urlOf('Express');
      const context = await browser.newContext({ baseURL, colorScheme, viewport });
      const page = await context.newPage();
      const findings: string[] = [];
      const look = async () => {
        await page.addScriptTag({ content: AXE });
        const found = await page.evaluate<string[]>(VIOLATIONS);
        findings.push(...found.map((one) => `${page.url()}: ${one}`));
      };
      const visit = async (path: string) => {
        await page.goto(path);
        await look();
      };
      const press = async (name: string) => {
        const loaded = page.waitForEvent('load');
        await page.getByRole('button', { name }).click();
        await loaded;
      };
      for (const path of ['/', '/cart', '/checkout', '/session', '/nowhere']) await visit(path);
      await page.goto('/sign-in');
      await page.getByLabel('Name').fill('ada');
      await page.getByLabel('Password').fill('analytical-engine');
      await press('Sign in');
      await page.goto('/');
      await press('Add Pencils to cart');
      await look();
      for (const path of ['/cart', '/checkout', '/checkout/confirm', '/devices']) await visit(path);
      await visit('/session');
      await press('Tamper');
      await look();
      await context.close();
      expect(findings).toEqual([]);
    });
  });
}
