export interface Product {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly cents: number;
  readonly price: string;
}

const EURO = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

/** Amounts are whole cents until somebody reads them. */
export function formatCents(cents: number): string {
  return EURO.format(cents / 100);
}

function product(id: string, name: string, cents: number, text: string): Product {
  return { id, name, text, cents, price: formatCents(cents) };
}

export const PRODUCTS: readonly Product[] = [
  product('notebook', 'Notebook', 1250, 'Thread-bound, 192 dotted pages that lie flat.'),
  product('pen', 'Fountain pen', 3490, 'Steel nib, fine. Writes at once after a week of rest.'),
  product('ink', 'Bottle of ink', 980, 'Blue-black, 50 ml. Proof against water and light.'),
  product('envelopes', 'Envelopes', 640, 'A stack of 25 with a deep flap, made of cotton paper.'),
  product('wax', 'Sealing wax', 775, 'Two sticks in deep red: nobody opens it unnoticed.'),
  product('pencils', 'Pencils', 420, 'Six of cedar, from 2H to 4B, already sharpened.'),
];

export function findProduct(id: string): Product | undefined {
  return PRODUCTS.find((one) => one.id === id);
}
