import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Post,
  Redirect,
  Render,
} from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import type { ShopSession } from '../shop/shop-session.js';

const MAX_LETTER = 20_000;

/** What only a store has room for, or can count. */
interface StoredSession extends ShopSession {
  visits: number;
  letter: string;
}

/** Shows what lies where: an id in the cookie, and everything else in Redis. */
@Controller('redis')
export class RedisController {
  @Get()
  @Header('Cache-Control', 'no-store')
  @Render('redis')
  async show(@Session() ss: Session<StoredSession>, @Headers('cookie') cookies = '') {
    // Counted in Redis: two processes that count at once both count.
    const visits = await ss.increment('visits');
    return {
      title: 'What lies in Redis?',
      visits,
      cookieBytes: weightOf(ss.name, cookies),
      letter: ss.values.letter ?? '',
      maxLetter: MAX_LETTER,
    };
  }

  @Post('letter')
  @Redirect('/redis', 303)
  write(@Session() ss: Session<StoredSession>, @Body('letter') letter: unknown) {
    if (typeof letter !== 'string' || letter.length > MAX_LETTER) {
      throw new BadRequestException(`Write a letter of up to ${MAX_LETTER} characters.`);
    }
    ss.values.letter = letter;
    ss.addFlash(`Your letter is kept: ${letter.length} characters.`, 'notice');
  }
}

/** @returns bytes of name and value, 0 where the browser has sent no such cookie */
function weightOf(name: string, cookies: string): number {
  const pair = cookies.split('; ').find((one) => one.startsWith(`${name}=`));
  return pair === undefined ? 0 : pair.length - 1;
}
