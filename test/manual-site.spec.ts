/** The manual as a reader sees it: the built site in Chromium. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { MENU } from '../docs/.vitepress/menu.js';
import { slugOf } from '../docs/.vitepress/slug.js';
import { findChromium, launch } from './support/browser.js';
import { codeOf, ROOT, rowsOf, textOf } from './support/readme.js';
import { Site } from './support/site.js';

const PHONE = { width: 390, height: 844 };
const chromium = findChromium();

beforeAll(() => Site.build(), 180_000);

describe('the reference of the API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'manual-api-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is not built while an exported name has no comment of its own', async () => {
    const files = {
      'package.json': '{ "name": "sample" }',
      // Without the types of the language, which take most of the time to read.
      'tsconfig.json':
        '{ "files": ["index.ts"], "compilerOptions": { "types": [], "noLib": true } }',
      'typedoc.json': JSON.stringify({
        extends: [join(ROOT, 'typedoc.json')],
        tsconfig: 'tsconfig.json',
        entryPoints: ['index.ts'],
        emit: 'none',
      }),
      'index.ts': '/** Documented. */ export interface One {} export interface Two extends One {}',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const typedoc = join(ROOT, 'node_modules/typedoc/bin/typedoc');
    const building = promisify(execFile)(process.execPath, [typedoc, '--options', folder]);
    await expect(building).rejects.toMatchObject({
      stderr: expect.stringContaining('Two has no comment of its own') as string,
    });
  });

  it('has each member of a session', () => {
    const reference = readFileSync(join(ROOT, 'docs/api/nestjs-typed-session.md'), 'utf8');
    const [members] = reference.split('\n### Session\n')[1].split('\n### ');
    const table = rowsOf(textOf('in-a-handler'), 'The members of a session');
    for (const code of table.flatMap(([cell]) => codeOf(cell))) {
      const [, name] = /^(?:await )?(\w+)/.exec(code)!;
      expect(members).toMatch(new RegExp(`^##### ${name}(\\(\\))?$`, 'm'));
    }
  });
});

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
    let page: Page;
    let site: Site;
    const complaints: string[] = [];

    beforeAll(async () => {
      site = await Site.serve();
      browser = await launch(chromium);
      page = await browser.newPage({ baseURL: site.url });
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
    afterEach(() => {
      const found = complaints.splice(0);
      if (found.length > 0) throw new Error(found.join('\n'));
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });

    /** Searches, and takes the first result. @returns where that leads */
    async function search(words: string): Promise<string | null> {
      // The search box opens with the words of the last search.
      await page.evaluate('sessionStorage.clear()');
      await page.locator('.VPNavBarSearch button').first().click();
      await page.locator('.VPLocalSearchBox input').fill(words);
      const first = page.locator('.VPLocalSearchBox .result').first();
      const href = await first.getAttribute('href');
      await first.click();
      await page.locator('.VPLocalSearchBox').waitFor({ state: 'detached' });
      return href;
    }

    it('begins with what this is, and leads to the start', async () => {
      await page.goto('/', { waitUntil: 'networkidle' });
      expect(await page.locator('h1').innerText()).toContain('nestjs-typed-session');
      await page.locator('.VPHero').getByRole('link', { name: 'Start', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Start' }).waitFor();
    });

    // What somebody asks who has never seen this, also in the words of other libraries, and what answers it.
    it.each([
      ['sign in fastify', 'sign-in-and-out', 'Sign in on Fastify'],
      ['login', 'sign-in-and-out', 'Sign in and out (login, logout)'],
      ['logout', 'sign-in-and-out', 'Sign in and out (login, logout)'],
      ['logout everywhere', 'sign-in-and-out', 'Sign out on all devices'],
      [
        'session is empty after a redirect',
        'troubleshooting',
        'The session is empty after a redirect',
      ],
      ['session lost', 'troubleshooting', 'The session is empty after a redirect'],
      ['test a guard', 'testing', 'Test a guard'],
      ['mock session in jest', 'testing', 'Test a handler'],
      ['SESSION_TOO_LARGE', 'errors', 'SESSION_TOO_LARGE'],
      ['cookie too big', 'errors', 'SESSION_TOO_LARGE'],
      ['coming from express-session', 'coming-from/express-session', 'Coming from express-session'],
      ['migrate express-session', 'coming-from/express-session', 'Coming from express-session'],
      ['how to rotate', 'rotation', 'Rotate a secret'],
      ['change secret', 'rotation', 'Rotate a secret'],
      ['behind a proxy', 'troubleshooting', 'The cookie is not set behind a proxy'],
      ['remember me', 'timeouts', 'Remember-me'],
      ['redis', 'stores', 'Redis'],
    ])('answers the search for "%s" at once', async (words, path, heading) => {
      const place = `/${path}#${slugOf(heading)}`;
      expect(await search(words)).toBe(place);
      await page.waitForURL(site.url + place);
      await page.getByRole('heading', { name: heading }).first().waitFor();
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
