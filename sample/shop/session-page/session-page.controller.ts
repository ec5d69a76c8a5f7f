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
import { type Journal, JOURNAL, type LastRequest } from './last-request.js';
import { Scale } from './scale.js';
import { SESSION_OPTIONS, type Trial, Trials, WAYS } from './trials.js';

const MAX_BYTES = 4096;

/** The session of this shop, with what the page itself keeps in it. */
interface SeenSession extends ShopSession {
  /** A flash. */
  trial: Trial[];
}

/** Opens the session for the visitor that it belongs to, and breaks copies of it. */
@Controller('session')
export class SessionPageController {
  constructor(
    private readonly scale: Scale,
    private readonly trials: Trials,
    @Inject(SESSION_OPTIONS) private readonly options: SessionOptions,
    @Inject(JOURNAL) private readonly journal: Journal,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('session')
  async show(@Session() ss: Session<SeenSession>, @Headers('cookie') cookies = '') {
    const title = 'Your session, opened';
    if (ss.isNew) return { title };
    const [trial] = ss.flashes('trial');
    const token = tokenIn(cookies, ss.name);
    const bytes = ss.name.length + token.length;
    const values = this.scale.weigh(ss.values);
    const last = await this.journal.find(ss.id);
    return {
      title,
      ways: WAYS,
      trial: trial && showTrial(trial),
      last: last && showLast(last),
      opened: {
        name: ss.name,
        id: shorten(ss.id, 8),
        token: shorten(token, 48),
        bytes,
        maxBytes: MAX_BYTES,
        isStored: this.options.store !== undefined,
        ownBytes: values.reduce((rest, value) => rest - value.bytes, bytes),
        createdAt: showDate(ss.createdAt),
        expiresAt: showDate(ss.expiresAt),
        values,
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
    ss.addFlash(await this.trials.run(way, tokenIn(cookies, ss.name), ss.createdAt), 'trial');
  }
}

function tokenIn(cookies: string, name: string): string {
  const pairs = cookies.split('; ').map((pair) => pair.split('='));
  return pairs.find(([one]) => one === name)?.[1] ?? '';
}

/** Even its owner sees only a piece: what a page shows ends up in screenshots. */
function shorten(text: string, length: number): string {
  return `${text.slice(0, length)}…`;
}

function showTrial({ way, status, keys, events, isSealedAnew }: Trial) {
  const { name, text } = WAYS.find(({ id }) => id === way)!;
  return { name, text, status, keys, events: events.join(', '), isSealedAnew };
}

/** One row for each key that was there before or is there after. */
function showLast({ line, before, after }: LastRequest) {
  const keys = new Set([...before, ...after].map(({ key }) => key));
  const rows = [...keys].map((key) => {
    const [old, now] = [before, after].map((values) => values.find((one) => one.key === key));
    return {
      key,
      before: old?.bytes,
      after: now?.bytes,
      change: changeOf(old?.text, now?.text),
    };
  });
  return { line, rows };
}

function changeOf(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return 'new';
  if (after === undefined) return 'gone';
  return before === after ? 'same' : 'changed';
}
