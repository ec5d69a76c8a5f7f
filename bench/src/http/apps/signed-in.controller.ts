import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import { randomUUID } from 'node:crypto';
import type { SessionValues } from '../../session-values.js';
import { OursController } from './ours.controller.js';

/** As `OursController`, with an owner of its own for each session. */
@Controller()
export class SignedInController extends OursController {
  @Get('seed')
  override async seed(@Session() session: Session<SessionValues>) {
    await session.regenerate({ owner: randomUUID() });
    super.seed(session);
  }
}
