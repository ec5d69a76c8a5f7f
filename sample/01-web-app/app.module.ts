import { Module } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { SessionModule } from 'nestjs-typed-session';
import { ShopModule } from '../shop/shop.module.js';
import { CookieController } from './cookie.controller.js';

@Module({
  imports: [
    // One day without a visit ends a session, unless somebody asked to be remembered.
    SessionModule.forRoot(process.env.SESSION_SECRET ?? randomBytes(32), 'shop', {
      cookie: { maxAge: '1 day' },
    }),
    ShopModule,
  ],
  controllers: [CookieController],
})
export class AppModule {}
