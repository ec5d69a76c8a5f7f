import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Logger,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { STATUS_CODES } from 'node:http';
import { type RequestWithSession, SessionError } from 'nestjs-typed-session';
import { confirmPage } from './checkout.controller.js';
import { SIGN_IN_PAGE } from './sign-in.controller.js';

/** Answers every failure with a page. A 401 is the page to sign in, or to enter the password again. */
@Catch()
export class ErrorPageFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorPageFilter.name);

  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): unknown {
    const { httpAdapter } = this.host;
    const response: unknown = host.switchToHttp().getResponse();
    const status = statusOf(error);
    if (status >= 500) this.logger.error(error);

    httpAdapter.status(response, status);
    if (error instanceof SessionError && error.code === 'SESSION_STALE') {
      const { session } = host.switchToHttp().getRequest<RequestWithSession<object>>();
      return httpAdapter.render(response, 'confirm', confirmPage(session.owner));
    }
    if (status === HttpStatus.UNAUTHORIZED.valueOf()) {
      return httpAdapter.render(response, 'sign-in', SIGN_IN_PAGE);
    }
    const title = STATUS_CODES[status];
    return httpAdapter.render(response, 'error', { title, message: messageOf(error) });
  }
}

/** A session whose store is away is a 503. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  return (error instanceof SessionError ? error.statusCode : undefined) ?? 500;
}

function messageOf(error: unknown): string {
  if (!(error instanceof HttpException)) return 'That was our fault.';
  // Nest's own answer where no handler has that address.
  return /^Cannot [A-Z]+ /.test(error.message) ? 'The shop has no such page.' : error.message;
}
