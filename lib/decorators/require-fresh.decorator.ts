import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Optional,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { type Duration, toTimeout } from '../options/duration.js';
import { SessionBackends } from '../request/session-backends.js';
import { SessionError } from '../session.errors.js';
import { StaleSignIn } from './stale-sign-in.js';
import { currentTime } from '../session.clock.js';

const REQUIRED = Symbol.for('nestjs-typed-session:require-fresh');

interface Requirement {
  /** Milliseconds. */
  readonly within: number;
  readonly name: string | undefined;
}

/**
 * Refuses a request whose sign-in is too long ago: if `authenticatedAt` is older than the duration, or
 * missing, the answer is a 401 with the code `SESSION_STALE`. After `reauthenticate()` the request passes.
 * The decorator of a handler counts before the decorator of its class.
 *
 * @param duration how old the sign-in may be
 * @param name of the session's cookie. Default: the first session of the module
 * @throws SessionError `SESSION_CONFIG` if the duration is wrong
 *
 * @example
 * ```ts
 * @Post('order')
 * @RequireFresh('5 minutes')
 * order(@Session() ss: Session) {}
 * ```
 */
export function RequireFresh(duration: Duration, name?: string): ClassDecorator & MethodDecorator {
  const requirement: Requirement = { within: toTimeout('@RequireFresh', duration), name };
  return applyDecorators(SetMetadata(REQUIRED, requirement), UseGuards(FreshSignInGuard));
}

/** The guard behind `@RequireFresh`. */
@Injectable()
export class FreshSignInGuard implements CanActivate {
  /** @param backends none in an application without `SessionModule` */
  constructor(@Optional() private readonly backends?: SessionBackends) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const [handler, owner] = [context.getHandler(), context.getClass()];
    const required = (Reflect.getMetadata(REQUIRED, handler) ??
      Reflect.getMetadata(REQUIRED, owner)) as Requirement;
    const sessions = this.backends?.ofContext(context);
    if (sessions === undefined) {
      throw new SessionError(
        'SESSION_UNAVAILABLE',
        `${owner.name}.${handler.name} asks for a fresh sign-in by @RequireFresh, and there is no session.`,
      );
    }
    const { authenticatedAt } = await sessions.session(required.name).open();
    const age =
      authenticatedAt === undefined ? Infinity : currentTime() - authenticatedAt.getTime();
    if (age > required.within) throw new StaleSignIn();
    return true;
  }
}
