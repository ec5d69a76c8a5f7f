import {
  BadRequestException,
  Body,
  Controller,
  Get,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Redirect,
  Render,
} from '@nestjs/common';
import { Session, SessionValue } from 'nestjs-typed-session';
import { Cart, MAX_QUANTITY, showCart } from './cart.js';
import { findProduct } from './catalogue.js';
import type { ShopSession } from './shop-session.js';

@Controller('cart')
export class CartController {
  @Get()
  @Render('cart')
  show(@SessionValue('cart') cart?: Cart) {
    return { title: 'Cart', cart: showCart(cart), maxQuantity: MAX_QUANTITY };
  }

  @Post()
  @Redirect('/', 303)
  add(@Session() ss: Session<ShopSession>, @Body('product') id: string) {
    const product = findProduct(id);
    if (product === undefined) throw new NotFoundException('We do not sell that.');
    ss.values.cart ??= new Cart();
    ss.values.cart.add(product.id);
    ss.addFlash(`Added to your cart: ${product.name}.`, 'notice');
  }

  @Post(':product')
  @Redirect('/cart', 303)
  change(
    @Session() ss: Session<ShopSession>,
    @Param('product') product: string,
    @Body('quantity', ParseIntPipe) quantity: number,
  ) {
    if (quantity < 0 || quantity > MAX_QUANTITY) {
      throw new BadRequestException(`Choose a quantity from 0 to ${MAX_QUANTITY}.`);
    }
    ss.values.cart?.change(product, quantity);
    ss.addFlash('Your cart is up to date.', 'notice');
  }
}
