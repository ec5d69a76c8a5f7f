import { describeDevices } from './shop-devices.js';
import { describeKeyboard } from './shop-keyboard.js';
import { describePages } from './shop-pages.js';
import { describeSessionPage } from './shop-session-page.js';
import { type ShopInBrowser, ShopVisit } from './shop-visit.js';

/** What a shop promises that is open in a browser, wherever it keeps its sessions. */
export function describeShopInBrowser(name: string, shop: ShopInBrowser): void {
  let here: ShopVisit;
  let there: ShopVisit;

  beforeAll(async () => {
    [here, there] = await Promise.all(
      shop.browsers().map((browser) => ShopVisit.begin(browser, shop.shop())),
    );
  });
  afterEach(() => Promise.all([here.leave(), there.leave()]));
  afterAll(() => Promise.all([here?.end(), there?.end()]));

  const visit = () => here;
  describe(`each page of ${name}`, () => describePages(shop, visit));
  describe(`${name}, on two devices`, () => describeDevices(shop, visit, () => there));
  // The same pages take the same keys.
  if (shop.like === undefined || shop.isOnRedis) {
    describe(`${name}, without a mouse`, () => describeKeyboard(shop, visit));
  }
  // The last one: the clock of the browser stays as it is then.
  describe(`the session page of ${name}`, () => describeSessionPage(shop, visit));
}
