import { Controller, Get, Module } from '@nestjs/common';
import type { BenchApp } from './bench-app.js';

@Controller()
export class BareController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  read() {
    return { name: 'Peter Lawson' };
  }

  @Get('write')
  write() {
    return { counter: 1 };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

/** Without any session: what all others are held against. */
export default { module: BareModule } satisfies BenchApp;
