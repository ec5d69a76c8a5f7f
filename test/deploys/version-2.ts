/**
 * The build that comes: a cart has lines with quantities, bookmarks are called a reading list and
 * remember when, and there are vouchers, of which the other build knows nothing.
 */
import { Controller, Get, Param, Post } from '@nestjs/common';
import { Type } from 'class-transformer';
import { Session, SessionType } from 'nestjs-typed-session';
import { serve } from './serve.js';

@SessionType({
  name: 'line',
  version: 2,
  upgrade: { 1: ({ sku, count }) => ({ sku, quantity: count }) },
})
class Line {
  sku = '';
  quantity = 1;
}

@SessionType({
  name: 'cart',
  version: 2,
  upgrade: { 1: ({ items }) => ({ lines: items }) },
})
class Cart {
  @Type(() => Line) lines: Line[] = [];
  get size(): number {
    return this.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }
}

@SessionType({
  name: 'reading list',
  from: ['bookmarks'],
})
class ReadingList {
  pages: string[] = [];
}

@SessionType({
  name: 'voucher',
  serialize: (voucher: Voucher) => [voucher.toString(), voucher.validUntil] as const,
  revive: ([code, validUntil]) => new Voucher(code, validUntil),
})
class Voucher {
  readonly #code: string;
  readonly validUntil: Date;
  constructor(code: string, validUntil: Date) {
    this.#code = code;
    this.validUntil = validUntil;
  }
  toString(): string {
    return this.#code;
  }
}

interface Shape {
  cart: Cart;
  bookmarks: ReadingList;
  visits: number;
  vouchers: Voucher[];
}

@Controller()
class ShopController {
  @Post('cart/:sku') add(@Session() ss: Session<Shape>, @Param('sku') sku: string) {
    ss.values.cart ??= new Cart();
    ss.values.cart.lines.push(Object.assign(new Line(), { sku, quantity: 2 }));
  }
  @Post('bookmarks/:page') mark(@Session() ss: Session<Shape>, @Param('page') page: string) {
    ss.values.bookmarks ??= new ReadingList();
    ss.values.bookmarks.pages.push(page);
  }
  @Post('vouchers/:code') redeem(@Session() ss: Session<Shape>, @Param('code') code: string) {
    (ss.values.vouchers ??= []).push(new Voucher(code, new Date(0)));
  }
  @Post('visits') async visit(@Session() ss: Session<Shape>) {
    await ss.increment('visits');
  }
  @Get() show(@Session() ss: Session<Shape>) {
    const { cart, bookmarks, visits, vouchers } = ss.values;
    return {
      skus: cart?.lines.map(({ sku }) => sku),
      size: cart?.size,
      pages: bookmarks?.pages,
      visits,
      vouchers: vouchers?.map((voucher) => [voucher.toString(), voucher.validUntil.getTime()]),
    };
  }
}

await serve(ShopController);
