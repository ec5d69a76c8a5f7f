import { Keyboard } from './keyboard.js';
import { Visitor } from './sample.js';
import { EarlyCustomer, GRACE } from './shop-order.js';
import { ADA, type ShopInBrowser, type ShopVisit } from './shop-visit.js';

/** All that a customer does, without a mouse. */
export function describeKeyboard(
  { shop, isOnRedis = false, like }: ShopInBrowser,
  visitNow: () => ShopVisit,
): void {
  let visit: ShopVisit;
  let keyboard: Keyboard;

  beforeAll(() => {
    visit = visitNow();
    keyboard = new Keyboard(visit);
  });

  if (isOnRedis) {
    it('writes a letter', async () => {
      await visit.goto('/');
      await keyboard.press('Redis');
      await keyboard.type('A long letter', 'Dear Ada,\nhow are you?');
      await keyboard.press('Keep the letter', 'Space');
      expect(await visit.page.getByLabel('A long letter').inputValue()).toBe(
        'Dear Ada,\nhow are you?',
      );
    });
  }
  if (like !== undefined) return;

  let early: EarlyCustomer;

  beforeAll(async () => {
    early = await EarlyCustomer.enter(shop());
  });

  it('skips what stands above the content', async () => {
    await visit.goto('/cart');
    await keyboard.hit('Skip to the content', 'Enter');
    expect(await visit.page.evaluate('document.activeElement.id')).toBe('content');
    await keyboard.press('Find something to write with.');
    expect(visit.path).toBe('/');
  });

  it('lets a customer do everything, from the sign-in to the sign-out', async () => {
    await visit.goto('/');
    await signIn();
    await fillTheCart();
    await endOtherDevices();
    await breakTheSession();
    await keyboard.press('Sign out Ada');
    expect(await visit.notice()).toBe('You are signed out. Good-bye!');
  });

  it('lets a customer order, who is asked for the password again', async () => {
    await visit.goOnAs(await early.comeBack());
    await visit.goto('/');
    await keyboard.press('Cart 1');
    await keyboard.press('Go to checkout');
    await keyboard.press('Place the order');
    expect(await visit.heading()).toBe('Is it you?');
    await keyboard.type('Password', 'guess');
    await keyboard.press('Confirm');
    expect(await visit.alert()).toBe('That is not your password.');
    await keyboard.type('Password', GRACE.password);
    await keyboard.press('Confirm', 'Space');
    expect(visit.path).toBe('/checkout');
    await keyboard.press('Place the order', 'Space');
    expect(await visit.notice()).toMatch(/^Thank you!/);
  });

  async function signIn() {
    await keyboard.press('Sign in');
    await keyboard.type('Name', ADA.name);
    await keyboard.type('Password', 'guess');
    await keyboard.press('Sign in');
    expect(await visit.alert()).toBe('That name and that password do not belong together.');
    await keyboard.type('Password', ADA.password);
    await keyboard.hit('Remember me for 90 days', 'Space');
    expect(await visit.page.getByLabel('Remember me').isChecked()).toBe(true);
    await keyboard.press('Sign in', 'Space');
    expect(await visit.notice()).toBe('You are signed in, Ada.');
  }

  async function fillTheCart() {
    await keyboard.press('Add Pencils to cart', 'Enter');
    await keyboard.press('Add Notebook to cart', 'Space');
    await keyboard.press('Cart 2');
    await keyboard.type('Quantity of Pencils', '3');
    await keyboard.press('Update Pencils', 'Space');
    expect(await visit.page.getByLabel('Quantity of Pencils').inputValue()).toBe('3');
    await keyboard.press('Remove Notebook', 'Enter');
    expect(await visit.badge()).toMatch(/1$/);
  }

  async function endOtherDevices() {
    const other = new Visitor(shop().url);
    await other.post('/sign-in', ADA);
    await keyboard.press('Devices');
    await keyboard.press('Sign out A browser on a device');
    expect(await visit.notice()).toBe('That device is signed out.');
    expect((await other.get('/devices')).status).toBe(401);
    await other.post('/sign-in', ADA);
    await keyboard.press('Devices');
    await keyboard.press('Sign out everywhere else', 'Space');
    expect(await visit.notice()).toMatch(/^Signed out elsewhere: [1-9]/);
    expect((await other.get('/devices')).status).toBe(401);
  }

  async function breakTheSession() {
    await keyboard.press('My session');
    const ways = ['Tamper', 'Cut', 'Expire', 'Rotate', 'Forget the key'];
    for (const [i, way] of ways.entries()) {
      await keyboard.press(way, i % 2 === 0 ? 'Enter' : 'Space');
      expect(await visit.page.locator('#trial').innerText()).toContain(`${way}: what happened`);
    }
    const ended = visit.page.locator('details', { hasText: 'POST /devices/end-others' });
    for (const key of ['Enter', 'Space'] as const) {
      await visit.goto('/session');
      expect(await ended.getAttribute('open')).toBeNull();
      await keyboard.hit(/^POST \/devices\/end-others/, key);
      expect(await ended.getAttribute('open')).not.toBeNull();
    }
  }
}
