import type { Cookie, Page } from 'playwright-core';
import { findViolations, loadAxe, type Look, LOOKS } from './axe.js';
import { OBSTACLES } from './browser.js';
import { walkByTab } from './keyboard.js';
import { type Sample, Visitor } from './sample.js';
import { describeSamePages } from './shop-same-pages.js';
import { ADA, type ShopInBrowser, type ShopVisit } from './shop-visit.js';

/** WCAG 2.2, 1.4.10: no scrolling in two directions on a screen of this width. */
const NARROWEST = 320;

/** A page of the shop, and what leads to it. */
export interface ShownPage {
  readonly to: 'a stranger' | 'a customer';
  readonly path: string;
  readonly heading: string;
  /** A form that is sent before the page is opened. */
  readonly form?: readonly [path: string, fields: Record<string, string>];
  /** Whether it is another page on Redis, besides what stands around each page there. */
  readonly isOtherOnRedis?: boolean;
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
    form: ['/cart', { product: 'wax' }],
  },
  { to: 'a customer', path: '/cart', heading: 'Your cart' },
  { to: 'a customer', path: '/checkout', heading: 'Checkout' },
  { to: 'a customer', path: '/checkout/confirm', heading: 'Is it you?' },
  { to: 'a customer', path: '/devices', heading: 'Your devices' },
  { to: 'a customer', path: '/session', heading: 'Your session, opened', isOtherOnRedis: true },
  {
    to: 'a customer',
    path: '/session#trial',
    heading: 'Your session, opened',
    form: ['/session/break', { way: 'tamper' }],
    isOtherOnRedis: true,
  },
];
const REDIS_PAGE: ShownPage = {
  to: 'a customer',
  path: '/redis',
  heading: 'What lies in Redis?',
};
/** What stands around each page is other there, too: it is looked at around these. */
const PAGES_ON_REDIS = [
  ...PAGES.filter(({ path, isOtherOnRedis }) => path === '/' || isOtherOnRedis),
  REDIS_PAGE,
];

/** Every page of the shop, for every eye and hand. */
export function describePages(
  { shop, isOnRedis = false, like }: ShopInBrowser,
  visit: () => ShopVisit,
): void {
  if (like !== undefined) {
    const same = isOnRedis ? PAGES.filter(({ isOtherOnRedis }) => !isOtherOnRedis) : PAGES;
    describe('as elsewhere', () => describeSamePages(same, { like, shop, isOnRedis }));
  }
  const pages = isOnRedis ? PAGES_ON_REDIS : PAGES;
  if (like === undefined || isOnRedis) {
    describe('in the browser', () => describeUsablePages(pages, shop, visit));
  }
}

function describeUsablePages(
  pages: readonly ShownPage[],
  shop: () => Sample,
  visitNow: () => ShopVisit,
): void {
  let visit: ShopVisit;
  let page: Page;
  let customer: Cookie[];

  beforeAll(async () => {
    visit = visitNow();
    page = visit.page;
    await visit.post('/sign-in', ADA);
    customer = await visit.context.cookies();
    await visit.leave();
    await new Visitor(shop().url).post('/sign-in', ADA);
  });

  it.each(pages)(
    '$path can be used by $to, however they see it and whatever they use it with',
    async ({ path, heading, to, form }) => {
      if (to === 'a customer') await visit.context.addCookies(customer);
      if (form !== undefined) await visit.post(...form, false);
      await visit.goto(path);
      // The cookie may hold the session itself: the next page goes on with it.
      if (to === 'a customer') customer = await visit.context.cookies();
      expect(await visit.heading()).toBe(heading);

      await loadAxe(page);
      for (const one of LOOKS) {
        await look(page, one);
        expect([one, await findViolations(page, one)]).toEqual([one, []]);
      }
      // As the last look is: on the narrow screen, in the dark.
      expect(await walkByTab(page)).toEqual([]);
      await look(page, { colorScheme: 'light', width: NARROWEST });
      expect(await page.evaluate(OBSTACLES)).toEqual([]);
      await look(page, LOOKS[0]);
      expect(await walkByTab(page)).toEqual([]);
    },
  );
}

async function look(page: Page, { colorScheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 900 });
}
