import { Controller, Get, Module, Session } from '@nestjs/common';
import { type SessionValues } from '../../session-values.js';
import { seedValues } from './bench-app.js';

/** For the libraries whose session is an object with a property for each value. */
@Controller()
class PropertySessionController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  read(@Session() session: SessionValues) {
    return { name: session.user.name };
  }

  @Get('write')
  write(@Session() session: SessionValues) {
    session.counter++;
    return { counter: session.counter };
  }

  @Get('seed')
  seed(@Session() session: SessionValues) {
    Object.assign(session, seedValues());
  }
}

@Module({ controllers: [PropertySessionController] })
export class PropertySessionModule {}
