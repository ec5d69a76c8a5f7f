import { HttpException } from '@nestjs/common';
import { markAsSessionError, type SessionErrorCode } from '../session.errors.js';

/** What a client is told whose sign-in is not fresh enough. */
interface StaleBody {
  readonly statusCode: 401;
  readonly code: 'SESSION_STALE';
  readonly message: string;
  readonly error: 'Unauthorized';
}

/**
 * The error of `@RequireFresh`: for Nest's filters an `HttpException`, whose answer tells the code, and
 * for `@Catch(SessionError)` one of ours.
 */
export class StaleSignIn extends HttpException {
  readonly code: SessionErrorCode = 'SESSION_STALE';
  /** What GraphQL shows of an error beside its message. */
  readonly extensions = { code: 'SESSION_STALE' };

  constructor() {
    const body: StaleBody = {
      statusCode: 401,
      code: 'SESSION_STALE',
      message: 'Sign in again: this needs a sign-in that is fresher.',
      error: 'Unauthorized',
    };
    super(body, body.statusCode);
  }
}

markAsSessionError(StaleSignIn.prototype);
