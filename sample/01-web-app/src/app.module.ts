import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import { SessionModule } from 'nestjs-typed-session';
import { CartController } from './cart.controller.js';
import { CheckoutController } from './checkout.controller.js';
import { CookieController } from './cookie.controller.js';
import { ErrorPageFilter } from './error-page.filter.js';
import { HomeController } from './home.controller.js';
import { PublicController } from './public.controller.js';
import { SignInController } from './sign-in.controller.js';

@Module({
  imports: [
    // One day without a visit ends a session, unless somebody asked to be remembered.
    SessionModule.forRoot(process.env.SESSION_SECRET ?? randomBytes(32), 'shop', {
      cookie: { maxAge: '1 day' },
    }),
  ],
  controllers: [
    HomeController,
    CartController,
    SignInController,
    CheckoutController,
    CookieController,
    PublicController,
  ],
  providers: [{ provide: APP_FILTER, useClass: ErrorPageFilter }],
})
export class AppModule {}
