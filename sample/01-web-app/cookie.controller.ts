import { Controller, Get, Header, Headers, Render } from '@nestjs/common';
import { inspect } from 'node:util';
import { Session, SessionService } from 'nestjs-typed-session';
import type { ShopSession } from '../shop/shop-session.js';

const MAX_BYTES = 4096;
const DATE = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** Opens the seal for whoever the cookie belongs to. */
@Controller('cookie')
export class CookieController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('cookie')
  show(@Session() ss: Session<ShopSession>, @Headers('cookie') cookies = '') {
    const title = 'What is in my cookie?';
    if (ss.isNew) return { title };
    const token = tokenIn(cookies, ss.name);
    const bytes = ss.name.length + token.length;
    const values = Object.entries(ss.values).map(([key, value]) => ({
      key,
      value: inspect(value, { depth: null, breakLength: 60 }),
      bytes: this.weigh(key, value),
    }));
    return {
      title,
      cookie: {
        name: ss.name,
        id: shorten(ss.id, 8),
        token: shorten(token, 48),
        bytes,
        maxBytes: MAX_BYTES,
        ownBytes: values.reduce((rest, value) => rest - value.bytes, bytes),
        createdAt: showDate(ss.createdAt),
        expiresAt: showDate(ss.expiresAt),
        values,
      },
    };
  }

  /** What the cookie would save without this value. */
  private weigh(key: string, value: unknown): number {
    return this.sessions.seal({ [key]: value }).length - this.sessions.seal({}).length;
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

function showDate(date: Date) {
  return { iso: date.toISOString(), text: `${DATE.format(date)} UTC` };
}
