import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Module,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { BareController } from './bare.js';
import type { BenchApp } from './bench-app.js';

class NoOpInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

@Controller()
@UseInterceptors(NoOpInterceptor)
class InterceptedController extends BareController {}

@Module({ controllers: [InterceptedController] })
class InterceptedModule {}

/** What any interceptor costs a handler, before it does anything. */
export default { module: InterceptedModule } satisfies BenchApp;
