/** The build that is out. */
import { Controller, Get, Param, Post } from '@nestjs/common';
import { Type } from 'class-transformer';
import { Session, SessionType } from 'nestjs-typed-session';
import { serve } from './serve.js';

class Item {
  sku = '';
  count = 1;
}

@SessionType('cart')
class Cart {
  @Type(() => Item) items: Item[] = [];
  get size(): number {
    return this.items.reduce((sum, { count }) => sum + count, 0);
  }
}

@SessionType('bookmarks')
class Bookmarks {
  pages: string[] = [];
}

interface Shape {
  cart: Cart;
  bookmarks: Bookmarks;
  visits: number;
}

@Controller()
class ShopController {
  @Post('cart/:sku') add(@Session() ss: Session<Shape>, @Param('sku') sku: string) {
    ss.values.cart ??= new Cart();
    ss.values.cart.items.push(Object.assign(new Item(), { sku }));
  }
  @Post('bookmarks/:page') mark(@Session() ss: Session<Shape>, @Param('page') page: string) {
    ss.values.bookmarks ??= new Bookmarks();
    ss.values.bookmarks.pages.push(page);
  }
  @Post('visits') async visit(@Session() ss: Session<Shape>) {
    await ss.increment('visits');
  }
  @Get() show(@Session() ss: Session<Shape>) {
    const { cart, bookmarks, visits } = ss.values;
    return {
      skus: cart?.items.map(({ sku }) => sku),
      size: cart?.size,
      pages: bookmarks?.pages,
      visits,
    };
  }
}

await serve(ShopController);
