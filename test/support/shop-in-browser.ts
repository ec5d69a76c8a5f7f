import { describeDevices } from './shop-devices.js';
import { describeKeyboard } from './shop-keyboard.js';
import { describePages } from './shop-pages.js';
import { describeSessionPage } from './shop-session-page.js';
import type { ShopInBrowser } from './shop-visit.js';

/** What a shop promises that is open in a browser, wherever it keeps its sessions. */
export function describeShopInBrowser(name: string, options: ShopInBrowser): void {
  describe(`each page of ${name}`, () => describePages(options));
  describe(`the session page of ${name}`, () => describeSessionPage(options));
  describe(`${name}, on two devices`, () => describeDevices(options));
  describe(`${name}, without a mouse`, () => describeKeyboard(options));
}
