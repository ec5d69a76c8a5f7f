import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { SessionService } from 'nestjs-typed-session';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { type Journal, JOURNAL } from './last-request.js';
import { Scale } from './scale.js';
import { SessionPageController } from './session-page.controller.js';

/** Notes what each form of the shop has made of the session. */
@Injectable()
export class LastRequestInterceptor implements NestInterceptor {
  constructor(
    private readonly sessions: SessionService,
    private readonly scale: Scale,
    @Inject(JOURNAL) private readonly journal: Journal,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { method, url } = context.switchToHttp().getRequest<{ method: string; url: string }>();
    if (method !== 'POST' || context.getClass() === SessionPageController) return next.handle();

    const ss = await this.sessions.get(context);
    const before = this.scale.weigh(ss.values);
    // SessionInterceptor is nearer to the handler: it has committed before this goes on.
    const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const after = this.scale.weigh(ss.values);
    await this.journal.keep(ss.id, { line: `${method} ${url}`, before, after });
    return of(result);
  }
}
