import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Header,
  Post,
  Redirect,
  Render,
  UseGuards,
} from '@nestjs/common';
import { type ListedSession, Session, SessionService } from 'nestjs-typed-session';
import { showDate } from './dates.js';
import type { ShopSession } from './shop-session.js';
import { SignedInGuard } from './signed-in.guard.js';

/** Where the customer is signed in, and how to end it. */
@Controller('devices')
@UseGuards(SignedInGuard)
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('devices')
  async show(@Session() ss: Session<ShopSession>) {
    const devices = await this.sessions.list(ss.owner!, { current: ss });
    return {
      title: 'Your devices',
      devices: devices.map(showDevice),
      hasOthers: devices.length > 1,
    };
  }

  @Post('end')
  @Redirect('/devices', 303)
  async end(@Session() ss: Session<ShopSession>, @Body('ref') ref: unknown) {
    if (typeof ref !== 'string') throw new BadRequestException('Choose a device.');
    // `false` where the customer has no such session: nobody ends those of others.
    if (await this.sessions.end(ss.owner!, ref))
      ss.addFlash('That device is signed out.', 'notice');
    else ss.addFlash('You are not signed in there any more.', 'error');
  }

  @Post('end-others')
  @Redirect('/devices', 303)
  async endOthers(@Session() ss: Session<ShopSession>) {
    const count = await this.sessions.endAll(ss.owner!, { except: ss });
    ss.addFlash(`Signed out elsewhere: ${count}.`, 'notice');
  }
}

function showDevice({ ref, label, isCurrent, createdAt, lastUsedAt }: ListedSession) {
  return {
    ref,
    label,
    isCurrent,
    since: showDate(createdAt),
    lastUsed: showDate(lastUsedAt),
  };
}
