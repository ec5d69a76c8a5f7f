import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import type { Sample, Visitor } from './sample.js';

export const ADA = { name: 'ada', password: 'analytical-engine' };

/** Somebody who uses the shop in a browser of their own. */
export class ShopVisit {
  private readonly complaints: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly url: string,
  ) {
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // Chromium complains of each page that comes with such a status, and here they are meant.
      if (/status of 40[14]/.test(message.text())) return;
      if (message.type() !== 'log') this.complaints.push(message.text());
    });
  }

  static async begin(browser: Browser, { url }: Sample): Promise<ShopVisit> {
    const context = await browser.newContext({ baseURL: url });
    return new ShopVisit(context, await context.newPage(), url);
  }

  /** @throws Error with what the browser complained of */
  async end(): Promise<void> {
    await this.context.close();
    this.check();
  }

  /**
   * Makes the visitor a stranger again. A browser of their own would take longer than most tests.
   *
   * @throws Error with what the browser complained of
   */
  async leave(): Promise<void> {
    await this.context.clearCookies();
    this.check();
  }

  private check(): void {
    const complaints = this.complaints.splice(0);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  }

  async goto(path: string): Promise<Response> {
    return (await this.page.goto(path))!;
  }

  /**
   * Sends a form, and shows no page: faster, where a test is not about the form.
   *
   * @param isFollowed whether the page is asked for, too, that it leads to
   */
  async post(path: string, form: Record<string, string>, isFollowed = true): Promise<void> {
    const maxRedirects = isFollowed ? undefined : 0;
    const answer = await this.context.request.post(path, { form, maxRedirects });
    if (answer.status() !== (isFollowed ? 200 : 303)) {
      throw new Error(`${path} answers with ${answer.status()}`);
    }
  }

  /** Goes on with the session of a visitor who has no browser. */
  async goOnAs({ cookie }: Visitor): Promise<void> {
    const [name, value] = cookie.split('=');
    await this.context.addCookies([{ name, value, url: this.url }]);
  }

  /** Presses a button. Every button of the shop leads to a page. */
  async press(name: string): Promise<void> {
    const button = this.page.getByRole('button', { name });
    await this.untilLoaded(() => button.click());
  }

  async untilLoaded(act: () => Promise<void>): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await act();
    await loaded;
  }

  async addToCart(...products: string[]): Promise<void> {
    await this.goto('/');
    for (const product of products) await this.press(`Add ${product} to cart`);
  }

  /**
   * @param isThere whether the page shows the form already
   * @returns what answered the form
   */
  async signIn({
    password = ADA.password,
    remember = false,
    isThere = false,
  } = {}): Promise<Response> {
    if (!isThere) await this.goto('/sign-in');
    await this.page.getByLabel('Name').fill(ADA.name);
    await this.page.getByLabel('Password').fill(password);
    if (remember) await this.page.getByLabel('Remember me').check();
    const answer = this.page.waitForResponse((one) => one.request().method() === 'POST');
    await this.press('Sign in');
    return answer;
  }

  /** @throws Error where the shop has set another cookie, or none */
  async sessionCookie() {
    const cookies = await this.context.cookies();
    if (cookies.length !== 1) throw new Error(`there are ${cookies.length} cookies`);
    return cookies[0];
  }

  get path(): string {
    return new URL(this.page.url()).pathname;
  }

  notice = () => this.page.getByRole('status').innerText();
  alert = () => this.page.getByRole('alert').innerText();
  heading = () => this.page.getByRole('heading', { level: 1 }).innerText();
  main = () => this.page.getByRole('main').innerText();
  badge = () => this.page.getByRole('navigation').getByRole('link', { name: 'Cart' }).innerText();
}

/** A shop that runs, and the browsers of who visits it. */
export interface ShopInBrowser {
  /** They are there when the tests run. */
  readonly shop: () => Sample;
  /** Two, as of a customer with two devices. */
  readonly browsers: () => readonly [Browser, Browser];
  readonly isOnRedis?: boolean;
  /**
   * A shop that shows the same pages, where its own tests look at each of them in the browser. Of this shop
   * they look at those alone that are other pages.
   */
  readonly like?: () => Sample;
}
