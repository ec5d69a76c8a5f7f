import { Body, Controller, Get, Header, Post, Redirect, Render, UseGuards } from '@nestjs/common';
import { RequireFresh, Session, SessionValue } from 'nestjs-typed-session';
import { findAccount } from './accounts.js';
import { Cart, showCart } from './cart.js';
import type { ShopSession } from './shop-session.js';
import { SignedInGuard } from './signed-in.guard.js';
import { User } from './user.js';

/** How long after the password an order needs no new one. */
const FRESH = process.env.FRESH_SIGN_IN ?? '5 minutes';

/** @param account for password managers, which know the customer by it */
export function confirmPage(account: string | undefined) {
  return { title: 'Is it you?', account };
}

@Controller('checkout')
@UseGuards(SignedInGuard)
export class CheckoutController {
  @Get()
  // An address is on it: after signing out, "back" must not show it again.
  @Header('Cache-Control', 'no-store')
  @Render('checkout')
  show(@SessionValue('user') user: User, @SessionValue('cart') cart?: Cart) {
    return {
      title: 'Checkout',
      name: user.name,
      address: user.address.inOneLine(),
      cart: showCart(cart),
    };
  }

  @Get('confirm')
  @Render('confirm')
  askForPassword(@Session() ss: Session<ShopSession>) {
    return confirmPage(ss.owner);
  }

  @Post('confirm')
  @Redirect('/checkout', 303)
  async confirm(@Session() ss: Session<ShopSession>, @Body('password') password: unknown) {
    if (findAccount(ss.owner, password) === undefined) {
      ss.addFlash('That is not your password.', 'error');
      return { url: '/checkout/confirm' };
    }
    await ss.reauthenticate();
    ss.addFlash('Thank you. You can place the order now.', 'notice');
    return { url: '/checkout' };
  }

  @Post()
  // ErrorPageFilter asks for the password where the sign-in is older.
  @RequireFresh(FRESH)
  @Redirect('/', 303)
  order(@Session() ss: Session<ShopSession>) {
    const { user, cart } = ss.values;
    if (cart === undefined || cart.lines.length === 0) {
      ss.addFlash('There is nothing in your cart yet.', 'error');
      return { url: '/cart' };
    }
    ss.delete('cart');
    ss.addFlash(`Thank you! Your parcel goes to ${user!.address.inOneLine()}.`, 'notice');
    return { url: '/' };
  }
}
