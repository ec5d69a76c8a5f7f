import { setTimeout as delay } from 'node:timers/promises';
import { type Sample, Visitor } from './sample.js';

/** How long an order needs no new password, in a shop under these tests. */
const FRESH_SECONDS = 5;
export const FRESH_SIGN_IN = `${FRESH_SECONDS} seconds`;

export const GRACE = { name: 'grace', password: 'first-compiler' };

/** Somebody who fills the cart when the tests begin, and comes back to order near their end. */
export class EarlyCustomer {
  private readonly signedInAt = Date.now();

  private constructor(private readonly visitor: Visitor) {}

  static async enter({ url }: Sample): Promise<EarlyCustomer> {
    const visitor = new Visitor(url);
    await visitor.post('/cart', { product: 'pencils' });
    await visitor.post('/sign-in', GRACE);
    return new EarlyCustomer(visitor);
  }

  /** Waits until an order needs the password again: other tests have taken most of the time. */
  async comeBack(): Promise<Visitor> {
    await delay(this.signedInAt + FRESH_SECONDS * 1000 + 100 - Date.now());
    return this.visitor;
  }
}

/** An order, after a while. */
export function describeOrder(name: string, customer: () => EarlyCustomer): void {
  it(`${name} asks for the password before an order, where the sign-in is not fresh`, async () => {
    const visitor = await customer().comeBack();
    const stopped = await visitor.post('/checkout');
    expect(stopped.status).toBe(401);
    expect(stopped.html).toContain('<h1>Is it you?</h1>');

    const wrong = await visitor.post('/checkout/confirm', { password: 'guess' });
    expect([wrong.status, wrong.headers.get('location')]).toEqual([303, '/checkout/confirm']);
    expect((await visitor.get('/checkout/confirm')).html).toContain('That is not your password.');
    expect((await visitor.post('/checkout')).status).toBe(401);

    const right = await visitor.post('/checkout/confirm', { password: GRACE.password });
    expect([right.status, right.headers.get('location')]).toEqual([303, '/checkout']);
    expect((await visitor.get('/checkout')).html).toContain('You can place the order now.');

    const ordered = await visitor.post('/checkout');
    expect([ordered.status, ordered.headers.get('location')]).toEqual([303, '/']);
    expect((await visitor.get('/')).html).toContain('Thank you!');
  });
}
