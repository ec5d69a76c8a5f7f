/** The manual as a reader sees it: the built site in Chromium. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { MENU } from '../docs/.vitepress/menu.js';
import { findChromium, launch } from './support/browser.js';
import { Site } from './support/site.js';

const PHONE = { width: 390, height: 844 };
const chromium = findChromium();

beforeAll(() => Site.build(), 180_000);

if (chromium === undefined) {
  it('the manual: runs wherever there is Chromium', () => {
    const missing = 'No Chromium: the tests of the built manual were left out.';
    if (process.env.REQUIRE_BROWSER) throw new Error(missing);
    process.stderr.write(`${missing}\n`);
    expect(chromium).toBeUndefined();
  });
} else {
  describe('the built manual', () => {
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let site: Site;
    const complaints: string[] = [];

    beforeAll(async () => {
      site = await Site.serve();
      browser = await launch(chromium);
      context = await browser.newContext({ baseURL: site.url });
    });
    beforeEach(async () => {
      page = await context.newPage();
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('requestfailed', (request) => {
        // A page that is left while it loads the next ones in advance.
        if (request.failure()?.errorText === 'net::ERR_ABORTED') return;
        complaints.push(`failed: ${request.url()}`);
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(site.url)) complaints.push(`elsewhere: ${request.url()}`);
      });
    });
    afterEach(async () => {
      await page.close();
      const found = complaints.splice(0);
      if (found.length > 0) throw new Error(found.join('\n'));
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });

    /** Searches, and takes the first result. */
    async function search(words: string) {
      await page.locator('.VPNavBarSearch button').first().click();
      await page.locator('.VPLocalSearchBox input').fill(words);
      await page.locator('.VPLocalSearchBox .result').first().click();
    }

    it('begins with what this is, and leads to the start', async () => {
      await page.goto('/');
      expect(await page.locator('h1').innerText()).toContain('nestjs-typed-session');
      await page.locator('.VPHero').getByRole('link', { name: 'Start', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Start' }).waitFor();
    });

    // What somebody asks who has never seen this, and the heading that has the answer.
    it.each([
      ['sign in fastify', 'sign-in-and-out', 'Sign in and out'],
      [
        'session is empty after a redirect',
        'troubleshooting',
        'The session is empty after a redirect',
      ],
      ['test a guard', 'testing', 'Test a guard'],
      ['SESSION_TOO_LARGE', 'errors', 'SESSION_TOO_LARGE'],
      ['coming from express-session', 'coming-from/express-session', 'Coming from express-session'],
      ['rotate', 'rotation', 'Rotate a secret'],
    ])('answers the search for "%s" at once', async (words, path, heading) => {
      await page.goto('/', { waitUntil: 'networkidle' });
      await search(words);
      await page.waitForURL(`**/${path}*`);
      const found = page.getByRole('heading', { name: heading, exact: false }).first();
      await found.waitFor();
      expect(await found.isVisible()).toBe(true);
    });

    it('draws its diagrams', async () => {
      await page.goto('/how-it-works');
      expect(await page.locator('.diagram svg').count()).toBe(4);
    });

    it('shows each page of the menu on a phone, without scrolling sideways', async () => {
      // As they are before any script has run, which takes a fraction of the time.
      const plain = await browser.newContext({
        baseURL: site.url,
        javaScriptEnabled: false,
        viewport: PHONE,
      });
      const phone = await plain.newPage();
      const wide: string[] = [];
      for (const [, file] of MENU.flatMap(([, pages]) => pages)) {
        const path = `/${file.replace(/index$/, '')}`;
        const response = await phone.goto(path);
        expect([path, response?.status()]).toEqual([path, 200]);
        const width = await phone.evaluate<number>('document.documentElement.scrollWidth');
        if (width > PHONE.width) wide.push(`${path}: ${width}`);
      }
      await plain.close();
      expect(wide).toEqual([]);
    });

    it('has a menu and a search on a phone', async () => {
      await page.setViewportSize(PHONE);
      await page.goto('/start', { waitUntil: 'networkidle' });
      await page.getByRole('button', { name: 'Menu', exact: true }).click();
      await page.locator('.VPSidebar').getByRole('link', { name: 'Testing' }).click();
      await page.getByRole('heading', { level: 1, name: 'Testing' }).waitFor();
      await search('rotate');
      await page.waitForURL('**/rotation*');
      expect(await page.locator('h1').innerText()).toContain('Rotation');
    });
  });
}
