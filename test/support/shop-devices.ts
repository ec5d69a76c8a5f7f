import { Visitor } from './sample.js';
import { ADA, type ShopInBrowser, type ShopVisit } from './shop-visit.js';

/** The page "Your devices". */
export function describeDevices(
  { shop }: ShopInBrowser,
  hereNow: () => ShopVisit,
  thereNow: () => ShopVisit,
): void {
  /** A device without a browser. */
  async function another(): Promise<Visitor> {
    const visitor = new Visitor(shop().url);
    await visitor.post('/sign-in', ADA);
    return visitor;
  }

  it('lists the devices, ends one, ends all others, and keeps the one that asks', async () => {
    const [here, there] = [hereNow(), thereNow()];
    await another();
    await here.post('/sign-in', ADA);
    await here.goto('/devices');
    // Also those that other tests have left.
    await here.press('Sign out everywhere else');
    const devices = here.page.locator('.device');
    expect(await devices.count()).toBe(1);

    await there.signIn();
    await here.goto('/devices');
    expect(await devices.count()).toBe(2);
    expect(await devices.filter({ hasText: 'this one' }).count()).toBe(1);
    expect(await devices.allInnerTexts()).toEqual([
      expect.stringMatching(/^Chrome on Linux/),
      expect.stringMatching(/^Chrome on Linux/),
    ]);
    await here.press('Sign out Chrome on');
    expect(await here.notice()).toBe('That device is signed out.');
    expect(await devices.count()).toBe(1);
    expect((await there.goto('/devices')).status()).toBe(401);

    const others = [await another(), await another()];
    await here.goto('/devices');
    await here.press('Sign out everywhere else');
    expect(await here.notice()).toBe('Signed out elsewhere: 2.');
    for (const other of others) expect((await other.get('/checkout')).status).toBe(401);
    expect((await here.goto('/checkout')).status()).toBe(200);
  });
}
