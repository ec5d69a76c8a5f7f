import type { Cart } from './cart.js';
import type { User } from './user.js';

/** What the shop keeps in a session. */
export interface ShopSession {
  user: User;
  cart: Cart;
  /** The page that asked to sign in first. The seal keeps it out of reach of whoever makes links. */
  returnTo: string;
  /** Flashes: the layout shows `notice` and `error`, the sign-in page what was typed as `name`. */
  notice: string[];
  error: string[];
  name: string[];
}
