import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Inject,
  NotFoundException,
  Post,
  Redirect,
  Render,
} from '@nestjs/common';
import { Session, type SessionOptions } from 'nestjs-typed-session';
import { showDate } from '../dates.js';
import type { ShopSession } from '../shop-session.js';
import { showDeadlines } from './deadlines.js';
import { REJECT_TEXTS } from './event-texts.js';
import { type Journal, JOURNAL } from './journal.js';
import { Scale, shorten, TRIAL_KEY } from './scale.js';
import { SessionEvents } from './session-events.js';
import { showEvents, showRequests } from './show-requests.js';
import { SESSION_OPTIONS, type Trial, Trials, WAYS } from './trials.js';

const MAX_BYTES = 4096;

/** The session of this shop, with what the page itself keeps in it. */
interface SeenSession extends ShopSession {
  /** A flash. */
  [TRIAL_KEY]: Trial[];
}

/** Opens the session for the visitor that it belongs to, and breaks copies of it. */
@Controller('session')
export class SessionPageController {
  constructor(
    private readonly scale: Scale,
    private readonly trials: Trials,
    private readonly events: SessionEvents,
    @Inject(SESSION_OPTIONS) private readonly options: SessionOptions,
    @Inject(JOURNAL) private readonly journal: Journal,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('session')
  async show(@Session() ss: Session<SeenSession>, @Headers('cookie') cookies = '') {
    const title = 'Your session, opened';
    if (ss.isNew) return { title, rejection: this.rejection() };
    const trials = ss.flashes(TRIAL_KEY);
    const token = tokenIn(cookies, ss.name);
    const bytes = ss.name.length + token.length;
    const found = this.scale.find(ss);
    const isStored = this.options.store !== undefined;
    const trialBytes = isStored || trials.length === 0 ? 0 : this.scale.bytesOf({ trials });
    return {
      title,
      ways: WAYS,
      trial: trials.length > 0 && showTrial(trials[0]),
      requests: showRequests(await this.journal.find(ss.id), found),
      opened: {
        name: ss.name,
        id: found.id,
        token: shorten(token, 48),
        bytes,
        maxBytes: MAX_BYTES,
        isStored,
        trialBytes,
        ownBytes: found.values.reduce((rest, value) => rest - value.bytes, bytes - trialBytes),
        createdAt: showDate(ss.createdAt),
        deadlines: showDeadlines(ss, this.options),
        values: found.values,
      },
    };
  }

  @Post('break')
  @Redirect('/session#trial', 303)
  async break(
    @Session() ss: Session<SeenSession>,
    @Body('way') id: unknown,
    @Headers('cookie') cookies = '',
  ) {
    const way = WAYS.find((one) => one.id === id);
    if (way === undefined) throw new NotFoundException('There is no such way to break a session.');
    if (ss.isNew) return;
    ss.addFlash(await this.trials.run(way, tokenIn(cookies, ss.name), ss.createdAt), TRIAL_KEY);
  }

  /** Why this request has a new session although the browser has sent a cookie. */
  private rejection() {
    const reason = this.events.soFar.find(({ kind }) => kind === 'rejected')?.reason;
    return reason && { reason, text: REJECT_TEXTS[reason] };
  }
}

function tokenIn(cookies: string, name: string): string {
  const pairs = cookies.split('; ').map((pair) => pair.split('='));
  return pairs.find(([one]) => one === name)?.[1] ?? '';
}

function showTrial({ way, status, keys, events, isSealedAnew }: Trial) {
  const { name, text } = WAYS.find(({ id }) => id === way)!;
  return { name, text, status, keys, events: showEvents(events), isSealedAnew };
}
