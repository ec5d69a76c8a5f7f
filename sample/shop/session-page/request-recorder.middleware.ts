import { Inject, Injectable, Logger, type NestMiddleware } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Session, SessionService } from 'nestjs-typed-session';
import { type Journal, JOURNAL } from './journal.js';
import { Scale } from './scale.js';
import { type SeenEvent, SessionEvents } from './session-events.js';

/** The page that shows the records is not recorded. */
const OWN_PATH = '/session';

/** Records what each request for a page finds in its session, and what happens to it. */
@Injectable()
export class RequestRecorder implements NestMiddleware {
  private readonly logger = new Logger(RequestRecorder.name);

  constructor(
    private readonly sessions: SessionService,
    private readonly scale: Scale,
    private readonly events: SessionEvents,
    @Inject(JOURNAL) private readonly journal: Journal,
  ) {}

  async use(
    request: IncomingMessage & { originalUrl?: string },
    response: ServerResponse,
    next: () => void,
  ): Promise<void> {
    const [path] = (request.originalUrl ?? request.url!).split('?');
    // The style and the pictures do not use the session.
    if (path.includes('.')) return next();
    const isOwn = path === OWN_PATH || path.startsWith(`${OWN_PATH}/`);
    await this.events.record(async (events) => {
      if (!isOwn) await this.record(`${request.method} ${path}`, events, request, response);
      next();
    });
  }

  private async record(
    line: string,
    events: readonly SeenEvent[],
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    let session: Session;
    try {
      session = await this.sessions.get(request, response);
    } catch {
      // The handler fails for the same reason, and the filter answers.
      return;
    }
    const before = session.isNew ? undefined : this.scale.find(session);
    response.once('finish', () => {
      const isKept = !session.isNew || Object.keys(session.values).length > 0;
      if (!isKept) return;
      const { statusCode: status } = response;
      const kept = this.journal.keep(session.id, {
        line,
        status,
        answeredAt: new Date(),
        events,
        before,
      });
      kept.catch((error: Error) => this.logger.warn(error.message));
    });
  }
}
