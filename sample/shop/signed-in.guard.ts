import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  UnauthorizedException,
} from '@nestjs/common';
import { SessionService } from 'nestjs-typed-session';
import type { ShopSession } from './shop-session.js';

/** Lets customers pass that are signed in, and remembers where the others wanted to go. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const ss = await this.sessions.get<ShopSession>(context);
    if (ss.has('user')) return true;
    // Kept although no handler runs and the request ends in an exception.
    ss.values.returnTo = context.switchToHttp().getRequest<{ url: string }>().url;
    ss.addFlash('Please sign in first.', 'error');
    throw new UnauthorizedException();
  }
}
