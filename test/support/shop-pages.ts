import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { OBSTACLES } from './browser.js';
import { walkByTab } from './keyboard.js';
import { Visitor } from './sample.js';
import { ADA, type ShopInBrowser, ShopVisit } from './shop-visit.js';

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const VIOLATIONS = `axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;
const LOOKS = [
  ['light', 1280],
  ['light', 390],
  ['dark', 1280],
  ['dark', 390],
] as const;
/** Of a page that another shop shows too, in every look. */
const TWO_LOOKS = [LOOKS[0], LOOKS[3]] as const;
/** WCAG 2.2, 1.4.10: no scrolling in two directions on a screen of this width. */
const NARROWEST = 320;

type Visitors = Record<'a stranger' | 'a customer', ShopVisit>;

interface ShownPage {
  readonly path: string;
  readonly heading: string;
  readonly to: keyof Visitors;
  /** Where the page needs more than its address. */
  readonly open?: (visit: ShopVisit) => Promise<void>;
}

const PAGES: readonly ShownPage[] = [
  { to: 'a stranger', path: '/', heading: 'For letters that arrive sealed' },
  { to: 'a stranger', path: '/cart', heading: 'Your cart' },
  { to: 'a stranger', path: '/sign-in', heading: 'Sign in' },
  { to: 'a stranger', path: '/session', heading: 'Your session, opened' },
  { to: 'a stranger', path: '/nowhere', heading: 'Not Found' },
  { to: 'a stranger', path: '/checkout', heading: 'Sign in' },
  {
    to: 'a customer',
    path: '/',
    heading: 'For letters that arrive sealed',
    open: (visit) => visit.addToCart('Sealing wax'),
  },
  { to: 'a customer', path: '/cart', heading: 'Your cart' },
  { to: 'a customer', path: '/checkout', heading: 'Checkout' },
  { to: 'a customer', path: '/checkout/confirm', heading: 'Is it you?' },
  { to: 'a customer', path: '/devices', heading: 'Your devices' },
  { to: 'a customer', path: '/session', heading: 'Your session, opened' },
  {
    to: 'a customer',
    path: '/session#trial',
    heading: 'Your session, opened',
    async open(visit) {
      await visit.goto('/session');
      await visit.press('Tamper');
    },
  },
];
const REDIS_PAGE: ShownPage = {
  to: 'a customer',
  path: '/redis',
  heading: 'What lies in Redis?',
};

/** Every page of the shop, for every eye and hand. */
export function describePages({
  shop,
  browser,
  isOnRedis = false,
  isShownElsewhere = false,
}: ShopInBrowser): void {
  let visitors: Visitors;

  beforeAll(async () => {
    const customer = await ShopVisit.begin(browser(), shop());
    await customer.signIn();
    await new Visitor(shop().url).post('/sign-in', ADA);
    visitors = {
      'a stranger': await ShopVisit.begin(browser(), shop()),
      'a customer': customer,
    };
  });
  afterAll(() => Promise.all(Object.values(visitors ?? {}).map((visit) => visit.end())));

  it.each([...PAGES, ...(isOnRedis ? [REDIS_PAGE] : [])])(
    '$path can be used by $to, however they see it and whatever they use it with',
    async ({ path, heading, to, open = goto(path) }) => {
      const visit = visitors[to];
      const { page } = visit;
      await open(visit);
      expect(await visit.heading()).toBe(heading);
      // Twice as fast as a script tag.
      await page.evaluate(`${AXE};0`);
      const isElsewhere = isShownElsewhere && path !== REDIS_PAGE.path;
      for (const [colorScheme, width] of isElsewhere ? TWO_LOOKS : LOOKS) {
        await look(page, colorScheme, width);
        expect([colorScheme, width, await page.evaluate(VIOLATIONS)]).toEqual([
          colorScheme,
          width,
          [],
        ]);
      }
      // As the last look is: on the narrow screen, in the dark.
      expect(await walkByTab(page)).toEqual([]);
      await look(page, 'light', NARROWEST);
      expect(await page.evaluate(OBSTACLES)).toEqual([]);
      await look(page, 'light', 1280);
      expect(await walkByTab(page)).toEqual([]);
    },
  );
}

const goto = (path: string) => async (visit: ShopVisit) => void (await visit.goto(path));

async function look(page: Page, colorScheme: 'light' | 'dark', width: number): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 900 });
}
