import { Controller, Get, Header, Post, Redirect, Render, UseGuards } from '@nestjs/common';
import { Session, SessionValue } from 'nestjs-typed-session';
import { Cart, showCart } from './cart.js';
import type { ShopSession } from './shop-session.js';
import { SignedInGuard } from './signed-in.guard.js';
import { User } from './user.js';

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

  @Post()
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
