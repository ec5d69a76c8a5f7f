import {
  type CallHandler,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Module,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { BenchApp } from './bench-app.js';

class NoOpInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

const Nothing = createParamDecorator(() => undefined);

@Controller()
class InterceptedController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  @UseInterceptors(NoOpInterceptor)
  read(@Nothing() _nothing: unknown) {
    return { name: 'Peter Lawson' };
  }

  @Get('write')
  @UseInterceptors(NoOpInterceptor)
  write(@Nothing() _nothing: unknown) {
    return { counter: 1 };
  }
}

@Module({ controllers: [InterceptedController] })
class InterceptedModule {}

/** The floor: what any interceptor and any parameter decorator cost a handler, before they do anything. */
export default { module: InterceptedModule } satisfies BenchApp;
