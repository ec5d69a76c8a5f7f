import {
  Body,
  Controller,
  Get,
  Headers,
  Post,
  Redirect,
  Render,
  UnauthorizedException,
} from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { ACCOUNTS, findAccount } from './accounts.js';
import { deviceNameOf } from './device-name.js';
import type { ShopSession } from './shop-session.js';

export const SIGN_IN_PAGE = { title: 'Sign in', accounts: ACCOUNTS };

@Controller()
export class SignInController {
  @Get('sign-in')
  @Render('sign-in')
  show() {
    return SIGN_IN_PAGE;
  }

  @Post('sign-in')
  @Redirect('/', 303)
  async signIn(
    @Session() ss: Session<ShopSession>,
    @Body('name') name = '',
    @Body('password') password = '',
    @Body('remember') remember?: string,
    @Headers('user-agent') userAgent = '',
  ) {
    const account = findAccount(name, password);
    if (account === undefined) {
      ss.addFlash(name, 'name');
      ss.addFlash('That name and that password do not belong together.', 'error');
      // ErrorPageFilter answers with the sign-in page, which shows both flashes at once.
      throw new UnauthorizedException();
    }
    // A new id for new rights: who knew the old one gains nothing by it.
    await ss.regenerate({ owner: account.name, label: deviceNameOf(userAgent) });
    ss.values.user = account.user;
    if (remember !== undefined) ss.cookie.maxAge = '90 days';
    ss.addFlash(`You are signed in, ${account.user.name}.`, 'notice');
    const url = ss.values.returnTo ?? '/';
    ss.delete('returnTo');
    return { url };
  }

  @Post('sign-out')
  @Redirect('/', 303)
  async signOut(@Session() ss: Session<ShopSession>) {
    await ss.destroy();
    // This begins a session that holds nothing else.
    ss.addFlash('You are signed out. Good-bye!', 'notice');
  }
}
