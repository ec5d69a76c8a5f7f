import { type ShopInBrowser, ShopVisit } from './shop-visit.js';

/** The page "Your devices". */
export function describeDevices({ shop, browser }: ShopInBrowser): void {
  it('lists the devices, ends one, ends all others, and keeps the one that asks', async () => {
    const visits: ShopVisit[] = [];
    const signedIn = async () => {
      const visit = await ShopVisit.begin(browser(), shop());
      visits.push(visit);
      await visit.signIn();
      return visit;
    };
    const here = await signedIn();
    await here.goto('/devices');
    // Those that other tests have left.
    if ((await here.page.locator('.device').count()) > 1) await here.press('everywhere else');

    const there = await signedIn();
    await here.goto('/devices');
    const devices = here.page.locator('.device');
    expect(await devices.count()).toBe(2);
    expect(await devices.filter({ hasText: 'this one' }).count()).toBe(1);
    expect(await devices.first().innerText()).toMatch(/^Chrome on Linux/);
    await here.press('Sign out Chrome on');
    expect(await here.notice()).toBe('That device is signed out.');
    expect(await devices.count()).toBe(1);
    expect((await there.goto('/devices')).status()).toBe(401);

    const others = [await signedIn(), await signedIn()];
    await here.goto('/devices');
    await here.press('Sign out everywhere else');
    expect(await here.notice()).toBe('Signed out elsewhere: 2.');
    for (const other of others) expect((await other.goto('/checkout')).status()).toBe(401);
    expect((await here.goto('/checkout')).status()).toBe(200);
    await Promise.all(visits.map((visit) => visit.end()));
  });
}
