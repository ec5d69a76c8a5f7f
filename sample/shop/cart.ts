import { SessionType } from 'nestjs-typed-session';
import { findProduct, formatCents } from './catalogue.js';

export const MAX_QUANTITY = 99;

/** Only what cannot be looked up again goes into the session: a cookie is small. */
interface CartLine {
  product: string;
  quantity: number;
}

/** Its lines change deep inside the session. Nobody says so: the commit compares contents. */
@SessionType()
export class Cart {
  lines: CartLine[] = [];

  add(product: string): void {
    const line = this.lines.find((one) => one.product === product);
    if (line === undefined) this.lines.push({ product, quantity: 1 });
    else line.quantity = Math.min(line.quantity + 1, MAX_QUANTITY);
  }

  /** @param quantity none takes the product out */
  change(product: string, quantity: number): void {
    const line = this.lines.find((one) => one.product === product);
    if (line !== undefined) line.quantity = quantity;
    this.lines = this.lines.filter((one) => one.quantity > 0);
  }
}

/** A cart as pages show it. A product that is no longer sold is left out. */
export function showCart(cart: Cart = new Cart()) {
  const lines = cart.lines.flatMap(({ product: id, quantity }) => {
    const product = findProduct(id);
    return product === undefined ? [] : [{ product, quantity, cents: product.cents * quantity }];
  });
  return {
    lines: lines.map((line) => ({ ...line, sum: formatCents(line.cents) })),
    total: formatCents(lines.reduce((sum, { cents }) => sum + cents, 0)),
  };
}
