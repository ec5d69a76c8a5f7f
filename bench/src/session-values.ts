/** A realistic session: who is signed in, what they are told, what they are about to buy. */
export interface SessionValues {
  user: {
    name: string;
    email: string;
    address: { street: string; city: string; country: string };
  };
  _flash: string[];
  cart: { sku: string; title: string; quantity: number; price: number }[];
  counter: number;
}

const GOODS = ['Espresso cups, set of six', 'Walnut cutting board', 'Linen tablecloth', 'Kettle'];

/** Values whose JSON has exactly so many bytes: the last good's title fills what is left. */
export function sessionValues(bytes: number): SessionValues {
  const values: SessionValues = {
    user: {
      name: 'Peter Lawson',
      email: 'peter.lawson@example.com',
      address: { street: '12 Harbour Street', city: 'Rotterdam', country: 'NL' },
    },
    _flash: ['Welcome back, Peter!'],
    cart: [],
    counter: 0,
  };
  for (let i = 0; bytesOf(values) < bytes - 150; i++) values.cart.push(good(i));
  values.cart.push(good(values.cart.length));
  const last = values.cart.at(-1)!;
  last.title = '';
  last.title = 'Gift wrapping, handmade paper, '.repeat(10).slice(0, bytes - bytesOf(values));
  if (bytesOf(values) !== bytes) throw new Error(`No session of ${bytes} bytes`);
  return values;
}

/** A session of a hundred bytes has no room for names of goods. */
export const smallSessionValues = {
  user: { name: 'Peter', address: { city: 'Delft' } },
  _flash: ['welcome!'],
  cart: [{ sku: 'a-1', n: 2 }],
};

export function bytesOf(values: object): number {
  return Buffer.byteLength(JSON.stringify(values));
}

function good(i: number): SessionValues['cart'][number] {
  return {
    sku: `SKU-${48_213 + 7 * i}`,
    title: GOODS[i % GOODS.length],
    quantity: 1 + (i % 3),
    price: 12.5 + i,
  };
}
