import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CartController } from './cart.controller.js';
import { CheckoutController } from './checkout.controller.js';
import { DevicesController } from './devices.controller.js';
import { ErrorPageFilter } from './error-page.filter.js';
import { HomeController } from './home.controller.js';
import { PublicController } from './public.controller.js';
import { SignInController } from './sign-in.controller.js';

/** The shop of all samples. It does not know where its sessions are kept. */
@Module({
  controllers: [
    HomeController,
    CartController,
    SignInController,
    CheckoutController,
    DevicesController,
    PublicController,
  ],
  providers: [{ provide: APP_FILTER, useClass: ErrorPageFilter }],
})
export class ShopModule {}
