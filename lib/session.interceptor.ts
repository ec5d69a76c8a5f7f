import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  Optional,
} from '@nestjs/common';
import { Observable } from 'rxjs';
import { currentSessions } from './request/current-sessions.js';
import { handlerNeeds } from './request/handler-needs.js';
import type { RequestSessions } from './request/request-sessions.js';
import { SessionBackends } from './request/session-backends.js';

/**
 * Opens the session before a handler (it hydrates), and commits it afterwards.
 *
 * `SessionModule` binds it to every handler that takes a session by a decorator. Put
 * `@UseInterceptors(SessionInterceptor)` on a handler that reaches its session in another way. `@Sse()` is
 * left out: with an interceptor, Nest sends the headers of an event stream before the handler has run.
 *
 * If the handler throws, a filter decides the status. A hook then commits the session before the headers of
 * that answer, as with every answer that leaves without this interceptor.
 */
@Injectable()
export class SessionInterceptor implements NestInterceptor {
  /** @param backends none in an application without `SessionModule` */
  constructor(@Optional() private readonly backends?: SessionBackends) {}

  /** @throws SessionError where a session cannot be opened or kept: Nest's filters are told */
  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const sessions = this.backends?.ofContext(context);
    if (sessions === undefined) return next.handle();
    const needs = handlerNeeds(context.getClass(), context.getHandler());
    const leavesByItself = needs.sendsResponse || needs.sendsEvents;
    const run = () => {
      switch (context.getType<string>()) {
        case 'ws':
          return commitAfter(handleWithin(sessions, next), sessions);
        case 'graphql':
          // A subscription has no answer that could be committed.
          return sessions.isDetached
            ? commitAfter(handleWithin(sessions, next), sessions)
            : checkAfter(handleWithin(sessions, next), sessions);
        default:
          return leavesByItself
            ? this.handle(sessions, next)
            : commitAfter(this.handle(sessions, next), sessions);
      }
    };
    const hydrating = sessions.hydrate(needs);
    return hydrating === undefined ? run() : hydrating.then(run);
  }

  /** Runs a handler, in which `SessionService.list` knows the session that asks. */
  private handle(sessions: RequestSessions, next: CallHandler): Observable<unknown> {
    return this.backends!.tracksCurrent ? handleWithin(sessions, next) : next.handle();
  }
}

/** Runs a handler whose decorators find the sessions by no request of this application. */
function handleWithin(sessions: RequestSessions, next: CallHandler): Observable<unknown> {
  return currentSessions.run(sessions, () => next.handle());
}

/** Commits once the handler has given its last value. A failure is an error of its stream. */
function commitAfter(handled: Observable<unknown>, sessions: RequestSessions): Observable<unknown> {
  return finishWith(handled, () => sessions.commit());
}

/** A GraphQL answer holds what several resolvers give: it is committed when it leaves, and whole. */
function checkAfter(handled: Observable<unknown>, sessions: RequestSessions): Observable<unknown> {
  return finishWith(
    handled,
    () => sessions.check(),
    () => sessions.drop(),
  );
}

/**
 * @param finish is called before the stream completes, which waits for it
 * @param abandon is called where the handler or `finish` fails
 */
function finishWith(
  handled: Observable<unknown>,
  finish: () => Promise<void> | void,
  abandon: () => void = () => {},
): Observable<unknown> {
  return new Observable((subscriber) =>
    handled.subscribe({
      next: (value) => subscriber.next(value),
      error(error: unknown) {
        abandon();
        subscriber.error(error);
      },
      complete() {
        const fail = (error: unknown) => {
          abandon();
          subscriber.error(error);
        };
        try {
          const finishing = finish();
          if (finishing === undefined) subscriber.complete();
          else finishing.then(() => subscriber.complete(), fail);
        } catch (error) {
          fail(error);
        }
      },
    }),
  );
}
