import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import type { SessionValues } from '../../session-values.js';
import { seedValues } from './bench-app.js';

@Controller()
export class OursController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  read(@Session() session: Session<SessionValues>) {
    return { name: session.get('user')!.name };
  }

  @Get('write')
  write(@Session() session: Session<SessionValues>) {
    const counter = session.get('counter')! + 1;
    session.set('counter', counter);
    return { counter };
  }

  @Get('seed')
  seed(@Session() session: Session<SessionValues>) {
    Object.assign(session.values, seedValues());
  }
}
