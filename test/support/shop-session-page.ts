import { setTimeout as delay } from 'node:timers/promises';
import type { Cookie, Page } from 'playwright-core';
import { ADA, type ShopInBrowser, type ShopVisit } from './shop-visit.js';

/** The page that opens the session, and breaks copies of it. */
export function describeSessionPage(
  { isOnRedis = false }: ShopInBrowser,
  visitNow: () => ShopVisit,
): void {
  let visit: ShopVisit;
  let page: Page;

  beforeAll(() => {
    visit = visitNow();
    page = visit.page;
  });

  const request = (line: string) => page.locator('details', { hasText: line }).first();
  /** What the page shows of a request, opened. */
  async function open(line: string) {
    const one = request(line);
    if ((await one.getAttribute('open')) === null) await one.locator('summary').click();
    return one;
  }

  it('shows a stranger that there is none', async () => {
    await visit.goto('/session');
    expect(await visit.main()).toContain('You have none');
  });

  it('shows what it holds, and what it weighs', async () => {
    await visit.post('/cart', { product: 'pencils' });
    await visit.post('/sign-in', ADA);
    await visit.goto('/session');
    const { name, value } = await visit.sessionCookie();
    const text = await visit.main();
    expect(text).toContain(`${name.length + value.length} of 4096 bytes`);
    expect(text).toContain(`shop=${value.slice(0, 48)}…`);
    expect(text).toContain(
      isOnRedis ? 'Redis holds the rest' : 'for the seal, the id and the dates',
    );
    expect(text).toContain("{ product: 'pencils', quantity: 1 }");
    expect(text).toMatch(/User \{\s+name: 'Ada',\s+address: Address \{/);
    expect(text).toMatch(/cart\s+Cart · \d+ bytes sealed/);
    expect(text).toMatch(/user\s+User · \d+ bytes sealed/);
  });

  it('gives who is remembered more time, and not beyond the last deadline', async () => {
    await visit.post('/sign-in', { ...ADA, remember: 'on' });
    await visit.goto('/session');
    expect(await page.locator('.countdown').allInnerTexts()).toEqual([
      expect.stringMatching(/^in (90 d 0 h|89 d 23 h)/),
      expect.stringMatching(/^in (180 d 0 h|179 d 23 h)/),
    ]);
  });

  it('tells what each of the last requests did: events, keys before and after', async () => {
    await visit.addToCart('Pencils');
    await visit.goto('/session');
    const added = await open('POST /cart');
    expect(await added.locator('.events code').allInnerTexts()).toEqual(['created', 'committed']);
    expect(await added.locator('summary').innerText()).toContain('303 See Other');
    expect(await row(added, 'cart')).toMatch(/^cart\s+–\s+\d+ bytes\s+new$/);
    expect(await row(added, 'Session id')).toMatch(/^Session id\s+–\s+.{8}…\s+new$/);
    expect(await added.locator('figure', { hasText: 'cart, after' }).innerText()).toContain(
      "product: 'pencils'",
    );
    const shown = await open('GET /');
    expect(await shown.locator('.events code').allInnerTexts()).toEqual(['committed']);
    expect(await row(shown, 'notice')).toMatch(/^notice\s+\d+ bytes\s+–\s+gone$/);

    // The page shows seconds, and this is to be another one.
    await delay(1000 - (Date.now() % 1000));
    await visit.post('/sign-in', ADA);
    await visit.goto('/cart');
    await visit.goto('/session');
    // Reading changes nothing.
    const newest = page.locator('details').first();
    expect(await newest.innerText()).toMatch(/^GET \/cart\s+200 OK, .+\s+no event$/);
    const signedIn = await open('POST /sign-in');
    expect(await signedIn.locator('.events code').allInnerTexts()).toEqual([
      'regenerated',
      'committed',
    ]);
    expect(await row(signedIn, 'cart')).toMatch(/^cart\s+(\d+ bytes)\s+\1\s+same$/);
    expect(await row(signedIn, 'user')).toMatch(/^user\s+–\s+\d+ bytes\s+new$/);
    expect(await row(signedIn, 'Session id')).toMatch(/changed$/);
    expect(await row(signedIn, 'Ends if unused')).toMatch(/changed$/);
  });

  it('tells why a cookie was rejected: on the page, and of the request that got a new one', async () => {
    await visit.post('/cart', { product: 'pencils' });
    const { value, ...cookie } = await visit.sessionCookie();
    const other = value.at(20) === 'A' ? 'B' : 'A';
    await visit.context.addCookies([
      { ...cookie, value: value.slice(0, 20) + other + value.slice(21) },
    ]);
    await visit.goto('/session');
    expect(await visit.alert()).toContain('bad-seal');
    expect(await visit.main()).toContain('You have none');
    await visit.post('/cart', { product: 'notebook' });
    await visit.goto('/session');
    const added = await open('POST /cart');
    expect(await added.locator('.events code').allInnerTexts()).toEqual([
      'rejected: bad-seal',
      'created',
      'committed',
    ]);
  });

  describe('breaks a copy of the session, and not the session', () => {
    let cookies: Cookie[];
    let id: string;

    beforeAll(async () => {
      await visit.post('/sign-in', ADA);
      await visit.post('/cart', { product: 'pencils' });
      await visit.goto('/session');
      id = await page.locator('#session-id').innerText();
      cookies = await visit.context.cookies();
      await visit.leave();
    });
    beforeEach(() => visit.context.addCookies(cookies));

    it.each([
      ['Tamper', 'a new, empty one', /rejected: bad-seal/, 'left as it is'],
      ['Cut', 'a new, empty one', /rejected: (malformed|bad-seal)/, 'left as it is'],
      ['Expire', 'a new, empty one', /rejected: expired/, 'left as it is'],
      ['Rotate', 'opened: user cart', /committed/, 'sealed again with the newest secret'],
      ['Forget the key', 'a new, empty one', /rejected: unknown-key/, 'left as it is'],
    ])('%s', async (way, session, event, cookie) => {
      // The page is still open, and shows what the way before this one has done.
      await visit.press(way);
      const result = await page.locator('#trial').innerText();
      expect(result).toContain(`${way}: what happened`);
      expect(result.replaceAll(/\s+/g, ' ')).toContain(session);
      expect(result).toMatch(event);
      expect(result).toContain(cookie);
      expect(await page.locator('#session-id').innerText()).toBe(id);
      expect(await visit.badge()).toMatch(/1$/);
    });

    it('shows what happened once, and the customer is still signed in', async () => {
      await visit.press('Tamper');
      expect(await page.locator('#trial').count()).toBe(1);
      await visit.goto('/session');
      expect(await page.locator('#trial').count()).toBe(0);
      expect((await visit.goto('/devices')).status()).toBe(200);
      expect(await page.locator('.device', { hasText: 'this one' }).count()).toBe(1);
    });
  });

  // The last one: the clock of the page stays as it is then.
  it('counts down to both deadlines, until each is over', async () => {
    await visit.post('/cart', { product: 'pencils' });
    await page.clock.install();
    await visit.goto('/session');
    const countdowns = () => page.locator('.countdown').allInnerTexts();
    expect(await page.locator('.deadlines dt').allInnerTexts()).toEqual([
      'Ends if you stay away',
      'Ends at the latest',
    ]);
    const before = await countdowns();
    expect(before).toEqual([
      expect.stringMatching(/^in (1 d 0 h 0|23 h 59) min \d+ s$/),
      expect.stringMatching(/^in (180 d 0 h 0|179 d 23 h 59) min \d+ s$/),
    ]);
    await page.clock.runFor(2000);
    const after = await countdowns();
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    await page.clock.fastForward('48:00:00');
    expect(await countdowns()).toEqual([
      'is over: load the page again',
      expect.stringMatching(/^in 17[78] d /),
    ]);
  });

  const row = (one: ReturnType<typeof request>, name: string) =>
    one.getByRole('row', { name }).innerText();
}
