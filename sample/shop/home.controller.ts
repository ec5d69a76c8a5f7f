import { Controller, Get, Render } from '@nestjs/common';
import { SessionValue } from 'nestjs-typed-session';
import { PRODUCTS } from './catalogue.js';
import { User } from './user.js';

@Controller()
export class HomeController {
  @Get()
  @Render('home')
  home(@SessionValue('user') user?: User) {
    return { title: 'Shop', products: PRODUCTS, greeting: user?.greet() };
  }
}
