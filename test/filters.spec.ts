import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  Get,
  HttpException,
  NotFoundException,
  Query,
  UseFilters,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from 'nestjs-typed-session';
import { closeApps, places, startApp } from './support/app.js';

let target = '/';

@Catch(BadRequestException)
class RedirectingFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: HttpException, host: ArgumentsHost) {
    this.host.httpAdapter.redirect(host.switchToHttp().getResponse(), 303, target);
  }
}

@Catch(NotFoundException)
class RenderingFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: HttpException, host: ArgumentsHost) {
    void this.host.httpAdapter.render(host.switchToHttp().getResponse(), 'missing', {});
  }
}

@Controller()
class FilterController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
  }
  @Get('read') read(@Session() ss: Session) {
    return ss.values;
  }
  @UseFilters(RedirectingFilter)
  @Get('go')
  go(@Session() ss: Session, @Query('to') to: string) {
    target = to;
    ss.set('went', 'yes');
    throw new BadRequestException();
  }
  @UseFilters(RenderingFilter) @Get('page') page() {
    throw new NotFoundException();
  }
}

describe.each(places)('a filter on %s', (place) => {
  afterAll(closeApps);

  it('that renders without an engine, and awaits nothing, is a 500 and ends no process', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const app = await startApp(place, { controllers: [FilterController] });
      const client = app.client();
      await client.get('/set');
      expect((await client.get('/page')).status).toBe(500);
      await sleep(50);
      expect(unhandled).toEqual([]);
      expect((await client.get('/read')).json).toEqual({ key: 'value' });
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe.each(places.filter((place) => place.startsWith('Express')))('a filter on %s', (place) => {
  afterAll(closeApps);

  it.each(['%E4%B8%80', '%0d%0aSet-Cookie:%20evil=1', '%00'])(
    'that redirects to what a visitor sent is answered, and sets nothing else: %s',
    async (to) => {
      const app = await startApp(place, { controllers: [FilterController] });
      const client = app.client();
      await client.get('/set');
      const { status, setCookies, headers } = await client.get(`/go?to=/${to}`);
      expect([303, 500]).toContain(status);
      expect(setCookies.filter((line) => line.startsWith('evil'))).toEqual([]);
      if (status === 303) expect(headers.location).toMatch(/^[\x20-\x7e]+$/);
      const kept = status === 303 ? { key: 'value', went: 'yes' } : { key: 'value' };
      expect((await client.get('/read')).json).toEqual(kept);
    },
  );
});
