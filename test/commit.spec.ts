import {
  BadRequestException,
  type CanActivate,
  type CallHandler,
  Catch,
  Controller,
  type ArgumentsHost,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  HttpException,
  Injectable,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  Post,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  Session as NestSession,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { connect } from 'node:net';
import { concatMap, delay, type Observable, of, tap } from 'rxjs';
import { Session, SessionError, SessionService } from 'nestjs-typed-session';
import { native } from './support/native.js';
import { closeApps, isInStore, places, startApp, takeLogs, type TestApp } from './support/app.js';
import { Latch } from './support/latch.js';

class OddError extends Error {}

@Catch(OddError)
class OddFilter implements ExceptionFilter {
  constructor(private readonly sessions: SessionService) {}

  async catch(_error: OddError, host: ArgumentsHost) {
    const ss = await this.sessions.get(host);
    ss.set('by', 'filter');
    host.switchToHttp().getResponse().status(418).send('short and stout');
  }
}

@Catch(SessionError)
class SessionErrorFilter implements ExceptionFilter {
  catch(error: SessionError, host: ArgumentsHost) {
    host.switchToHttp().getResponse().status(507).send({ code: error.code });
  }
}

/** As many filters are: it answers by the adapter, and nobody waits for it. */
@Catch(OddError)
class AsyncFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  async catch(_error: OddError, host: ArgumentsHost) {
    await Promise.resolve();
    this.host.httpAdapter.redirect(host.switchToHttp().getResponse(), 303, '/elsewhere');
  }
}

@Catch(SessionError)
class MendingFilter implements ExceptionFilter {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly sessions: SessionService,
  ) {}

  async catch(_error: SessionError, host: ArgumentsHost) {
    const ss = await this.sessions.get(host);
    ss.delete('bad');
    ss.addFlash('That could not be kept.');
    this.host.httpAdapter.redirect(host.switchToHttp().getResponse(), 303, '/elsewhere');
  }
}

@Injectable()
class DenyingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    const ss = await this.sessions.get(context);
    ss.set('by', 'guard');
    return false;
  }
}

@Injectable()
class LateInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionService) {}

  async intercept(context: ExecutionContext, next: CallHandler) {
    const ss = await this.sessions.get(context);
    return next.handle().pipe(tap(() => ss.set('by', 'outer interceptor')));
  }
}

const lateErrors: SessionError[] = [];
let lateLatch = new Latch();

@Controller()
class WaysController {
  @Get('value') value(@Session() ss: Session) {
    ss.set('by', 'value');
    return { ok: true };
  }
  @Get('text') text(@Session() ss: Session) {
    ss.set('by', 'text');
    return 'plain text';
  }
  @Get('nothing') @HttpCode(204) nothing(@Session() ss: Session) {
    ss.set('by', 'nothing');
  }
  @Get('promise') async promise(@Session() ss: Session) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    ss.set('by', 'promise');
    return 'kept';
  }
  @Get('observable') observable(@Session() ss: Session): Observable<string> {
    return of('kept').pipe(
      delay(5),
      tap(() => ss.set('by', 'observable')),
    );
  }
  @Get('redirect') @Redirect('/elsewhere') redirect(@Session() ss: Session) {
    ss.set('by', 'redirect');
  }
  @Get('redirect-dynamic') @Redirect() redirectDynamic(@Session() ss: Session) {
    ss.set('by', 'redirect-dynamic');
    return { url: '/elsewhere', statusCode: 303 };
  }
  @Get('file') file(@Session() ss: Session) {
    ss.set('by', 'file');
    return new StreamableFile(Readable.from(['str', 'eam']));
  }
  @Get('generator') async *generator(@Session() ss: Session) {
    ss.set('by', 'generator');
    yield 'str';
    yield 'eam';
  }
  @Sse('sse') sse(@Session() ss: Session): Observable<{ data: string }> {
    ss.set('by', 'sse');
    return of({ data: 'event' });
  }
  @Get('passthrough') passthrough(@Session() ss: Session, @Res({ passthrough: true }) res: any) {
    ss.set('by', 'passthrough');
    res.header('x-mine', 'yes');
    return 'kept';
  }
  @Get('res-send') resSend(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'res-send');
    res.header('x-mine', 'yes').status(202).send({ ok: true });
  }
  @Get('res-later') resLater(@Session() ss: Session, @Res() res: any) {
    setTimeout(() => {
      ss.set('by', 'res-later');
      res.send('kept');
    }, 5);
  }
  @Get('res-redirect') resRedirect(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'res-redirect');
    res.status(302).header('location', '/elsewhere').send();
  }
  @Get('end') end(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'end');
    native(res).end();
  }
  @Get('end-body') endBody(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'end-body');
    native(res).end('a body');
  }
  @Get('end-length') endLength(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'end-length');
    const raw = native(res);
    raw.setHeader('Content-Length', 6);
    raw.end('a body');
  }
  @Get('write') write(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'write');
    const raw = native(res);
    raw.write('a ');
    setTimeout(() => raw.end('body'), 5);
  }
  @Get('flush') flush(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'flush');
    const raw = native(res);
    raw.flushHeaders();
    setTimeout(() => raw.end('a body'), 5);
  }
  @Get('head-object') headObject(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'head-object');
    native(res).writeHead(201, { 'X-One': '1', 'Set-Cookie': 'other=1' }).end('a body');
  }
  @Get('head-reason') headReason(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'head-reason');
    native(res)
      .writeHead(201, 'Fine', { 'X-One': '1', 'Set-Cookie': ['other=1', 'more=2'] })
      .end('a body');
  }
  @Get('head-pairs') headPairs(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'head-pairs');
    native(res)
      .writeHead(201, [
        ['X-One', '1'],
        ['Set-Cookie', 'other=1'],
      ] as never)
      .end('a body');
  }
  @Get('head-flat') headFlat(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'head-flat');
    native(res).writeHead(201, ['X-One', '1', 'Set-Cookie', 'other=1']).end('a body');
  }
  @Get('http-exception') httpException(@Session() ss: Session) {
    ss.set('by', 'http-exception');
    throw new BadRequestException('no');
  }
  @Get('pipe/:id') pipe(@Session() ss: Session, @Param('id', ParseIntPipe) id: number) {
    ss.set('by', 'pipe');
    return id;
  }
  @Get('guard') @UseGuards(DenyingGuard) guard() {}
  @Get('filter') @UseFilters(OddFilter) filter(@Session() ss: Session) {
    ss.set('by', 'handler');
    throw new OddError();
  }
  @Get('outer') @UseInterceptors(LateInterceptor) outer(@Session() ss: Session) {
    ss.set('by', 'handler');
    return 'kept';
  }
  @Get('nest-session') nestSession(@NestSession() ss: Session) {
    ss.set('by', 'nest-session');
    return 'kept';
  }
  @Get('nest-session-res') nestSessionRes(@NestSession() ss: Session, @Res() res: any) {
    ss.set('by', 'nest-session-res');
    res.send('kept');
  }
  @Get('request-session') requestSession(@Req() request: { session: Session }) {
    request.session.set('by', 'request-session');
    return 'kept';
  }

  @Get('fail/:status') fail(@Session() ss: Session, @Param('status', ParseIntPipe) status: number) {
    ss.set('by', 'fail');
    throw new HttpException('failed', status);
  }
  @Get('save-then-fail') async saveThenFail(@Session() ss: Session) {
    ss.set('by', 'save');
    await ss.save();
    ss.set('by', 'after the save');
    throw new Error('failed');
  }
  @Get('others') @Header('Set-Cookie', 'header=1') others(
    @Session() ss: Session,
    @Res({ passthrough: true }) res: any,
  ) {
    ss.set('by', 'others');
    if (res.cookie) res.cookie('plain', '1');
    else res.header('set-cookie', 'plain=1');
    return 'kept';
  }
  @Get('many-changes') async manyChanges(@Session() ss: Session) {
    for (let i = 0; i < 5; i++) {
      ss.set('by', `change ${i}`);
      ss.addFlash('one');
      await ss.save();
      await ss.regenerate();
    }
    return 'kept';
  }
  @Get('read') read(@Session() ss: Session) {
    return { values: ss.values };
  }
  @Get('noop') noop() {
    return 'untouched';
  }
  @Get('taken') taken(@Session() _ss: Session) {
    return 'untouched';
  }
  @Get('empty') empty(@Session() ss: Session) {
    ss.get('nothing');
    ss.flashes();
    return { isNew: ss.isNew };
  }

  @Get('nested') nested(@Session() ss: Session) {
    (ss.get('cart') as { items: string[] }).items.push('more');
    return 'changed';
  }
  @Get('set-cart') setCart(@Session() ss: Session) {
    ss.set('cart', { items: ['first'] });
    return 'set';
  }
  @Get('cache/:control') cache(
    @Session() ss: Session,
    @Param('control') control: string,
    @Res({ passthrough: true }) res: any,
  ) {
    ss.set('at', control);
    res.header('cache-control', control);
    res.header('vary', 'Accept');
    return 'kept';
  }

  @Post('bad/:how') bad(
    @Session() ss: Session,
    @Param('how') how: string,
    @Res({ passthrough: true }) _res: any,
  ) {
    ss.values.bad = () => how;
    return 'never sent';
  }
  @Get('bad-res/:how') badRes(@Session() ss: Session, @Param('how') how: string, @Res() res: any) {
    ss.values.bad = () => how;
    if (how === 'send') res.send({ never: 'sent' });
    else if (how === 'end') native(res).end('never sent');
    else if (how === 'write') {
      const raw = native(res);
      raw.write('never ', () => raw.end('sent'));
    } else if (how === 'head')
      native(res).writeHead(200, { 'content-length': 10, etag: '"1"' }).end('never sent');
    else if (how === 'later') setTimeout(() => res.send('never sent'), 5);
    else Readable.from(['never', 'sent']).pipe(native(res));
  }
  @Get('bad-file') badFile(@Session() ss: Session) {
    ss.values.bad = () => 1;
    return new StreamableFile(Readable.from(['never sent']));
  }
  @Sse('bad-sse') badSse(@Session() ss: Session): Observable<{ data: string }> {
    ss.values.bad = () => 1;
    return of({ data: 'never sent' });
  }
  @Get('bad-guarded') badGuarded(@Session() ss: Session) {
    ss.values.bad = () => 1;
    throw new ForbiddenException();
  }
  @Get('bad-filtered') @UseFilters(SessionErrorFilter) badFiltered(@Session() ss: Session) {
    ss.values.bad = () => 1;
    return 'never sent';
  }

  @Get('bad-async-filtered') @UseFilters(AsyncFilter) badAsyncFiltered(@Session() ss: Session) {
    ss.values.bad = () => 1;
    throw new OddError();
  }
  @Get('bad-mended') @UseFilters(MendingFilter) badMended(@Session() ss: Session) {
    ss.set('by', 'handler');
    ss.values.bad = () => 1;
    return 'never sent';
  }
  @Get('late-bad') lateBad(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'early');
    const raw = native(res);
    raw.write('a ');
    ss.values.bad = () => 1;
    setTimeout(() => raw.end('body'), 5);
  }
  @Get('late-cookie') lateCookie(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'early');
    const raw = native(res);
    raw.write('a ');
    ss.cookie.maxAge = '90 days';
    raw.end('body');
  }
  @Get('much-later') muchLater(@Session() ss: Session, @Res({ passthrough: true }) res: any) {
    ss.set('by', 'early');
    const response: ServerResponse = res.raw ?? res;
    response.once('close', () => {
      for (const change of [
        () => (ss.values.by = 'late'),
        () => (ss.cookie.maxAge = 5),
        () => ss.set('by', 'late'),
      ]) {
        try {
          change();
        } catch (error) {
          lateErrors.push(error as SessionError);
        }
      }
      lateLatch.open();
    });
    return 'sent';
  }
  @Get('late-set') async lateSet(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'early');
    const raw = native(res);
    raw.write('a ');
    try {
      ss.set('by', 'late');
      raw.end('silence');
    } catch (error) {
      raw.end((error as SessionError).code);
    }
  }
  @Get('late-value') async lateValue(@Session() ss: Session, @Res() res: any) {
    ss.set('by', 'early');
    const raw = native(res);
    raw.writeHead(200);
    ss.values.by = 'late';
    raw.end('a body');
  }
  @Sse('late-sse') lateSse(@Session() ss: Session): Observable<{ data: string }> {
    return of('a', 'b').pipe(
      concatMap((data) => of({ data }).pipe(delay(20))),
      tap(() => {
        ss.values.by = 'late';
      }),
    );
  }
}

const FILTERS = [OddFilter, AsyncFilter, MendingFilter];

const ways: [path: string, status: number, body: string | undefined][] = [
  ['value', 200, '{"ok":true}'],
  ['text', 200, 'plain text'],
  ['nothing', 204, ''],
  ['promise', 200, 'kept'],
  ['observable', 200, 'kept'],
  ['redirect', 302, undefined],
  ['redirect-dynamic', 303, undefined],
  ['file', 200, 'stream'],
  ['generator', 200, 'stream'],
  ['sse', 200, undefined],
  ['passthrough', 200, 'kept'],
  ['res-send', 202, '{"ok":true}'],
  ['res-later', 200, 'kept'],
  ['res-redirect', 302, undefined],
  ['end', 200, ''],
  ['end-body', 200, 'a body'],
  ['end-length', 200, 'a body'],
  ['write', 200, 'a body'],
  ['flush', 200, 'a body'],
  ['head-object', 201, 'a body'],
  ['head-reason', 201, 'a body'],
  ['head-pairs', 201, 'a body'],
  ['head-flat', 201, 'a body'],
  ['http-exception', 400, undefined],
  ['guard', 403, undefined],
  ['filter', 418, 'short and stout'],
  ['outer', 200, 'kept'],
  ['nest-session', 200, 'kept'],
  ['nest-session-res', 200, 'kept'],
  ['request-session', 200, 'kept'],
];

/** Ways that find a session at once, which a store cannot give. */
const waysAtOnce = new Set(['nest-session', 'nest-session-res', 'request-session']);

const expectedBy: Record<string, string> = { outer: 'outer interceptor' };

describe.each(places)('commit on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [WaysController], providers: FILTERS });
  });
  afterAll(closeApps);
  beforeEach(() => {
    takeLogs();
  });

  const valuesOf = (client: { jar: Map<string, string> }) =>
    app.sessions.read(client.jar.get('sid') ?? '');

  const waysHere = isInStore(place) ? ways.filter(([path]) => !waysAtOnce.has(path)) : ways;

  describe.each(waysHere)('statement 69: a response that leaves by %s', (path, status, body) => {
    it('carries one cookie, the status and the body intact', async () => {
      const client = app.client();
      const answer = await client.get(`/${path}`);
      expect(answer.status).toBe(status);
      if (body !== undefined) expect(answer.body).toBe(body);
      expect(answer.setCookies.filter((line) => line.startsWith('sid='))).toHaveLength(1);
      expect(await valuesOf(client)).toEqual({ by: expectedBy[path] ?? path });
      expect(answer.headers['cache-control']).toMatch(/no-store/);
      expect(answer.headers.vary).toMatch(/\bCookie\b/);
    });

    it('keeps the cookies and headers that others set', async () => {
      if (!path.startsWith('head-')) return expect(path).not.toMatch(/^head-/);
      const answer = await app.client().get(`/${path}`);
      expect(answer.headers['x-one']).toBe('1');
      expect(answer.setCookies).toContain('other=1');
      expect(answer.setCookies).toHaveLength(path === 'head-reason' ? 3 : 2);
    });

    it('carries it on a HEAD request too, on a connection that is kept alive', async () => {
      // Nest does not even start a generator for a HEAD, so nothing changes there.
      if (path === 'sse' || path === 'generator') return;
      const client = app.client();
      const answer = await client.send('HEAD', `/${path}`);
      expect(answer.status).toBe(status);
      expect(answer.body).toBe('');
      expect(await valuesOf(client)).toEqual({ by: expectedBy[path] ?? path });
      // The connection is in order if it carries another request.
      expect((await client.get('/noop')).body).toBe('untouched');
    });
  });

  describe('a pipe that refuses', () => {
    it('answers its 400, with nothing of the session to keep', async () => {
      const answer = await app.client().get('/pipe/nan');
      expect(answer.status).toBe(400);
      expect(answer.setCookies).toEqual([]);
    });
  });

  describe('the cookies of others', () => {
    it('stay beside the session cookie', async () => {
      const answer = await app.client().get('/others');
      expect(answer.setCookies.map((line) => line.split('=')[0])).toEqual(
        expect.arrayContaining(['plain', 'sid']),
      );
      expect(answer.setCookies.filter((line) => line.startsWith('sid='))).toHaveLength(1);
    });
  });

  describe('statement 43: a request that changes much', () => {
    it('sets one cookie, with the last of it', async () => {
      const client = app.client();
      const answer = await client.get('/many-changes');
      expect(answer.setCookies).toHaveLength(1);
      expect(await valuesOf(client)).toMatchObject({ by: 'change 4' });
    });
  });

  describe('a request that fails', () => {
    it.each([400, 401, 404, 422])('keeps its changes at %i', async (status) => {
      const client = app.client();
      expect((await client.get(`/fail/${status}`)).status).toBe(status);
      expect(await valuesOf(client)).toEqual({ by: 'fail' });
    });

    it.each([500, 502, 503])('keeps nothing at %i', async (status) => {
      const answer = await app.client().get(`/fail/${status}`);
      expect(answer.status).toBe(status);
      expect(answer.setCookies).toEqual([]);
    });

    it('keeps at 500 what it saved, and only that', async () => {
      const client = app.client();
      expect((await client.get('/save-then-fail')).status).toBe(500);
      expect(await valuesOf(client)).toEqual({ by: 'save' });
    });
  });

  describe('a request that does not use the session', () => {
    it('sets no cookie and no header, with a cookie or without', async () => {
      const client = app.client();
      const without = await client.get('/noop');
      await client.get('/value');
      const withCookie = await client.get('/noop');
      for (const { headers } of [without, withCookie]) {
        expect(headers).not.toHaveProperty('set-cookie');
        expect(headers).not.toHaveProperty('vary');
        expect(headers).not.toHaveProperty('cache-control');
      }
    });

    it('sets none either if it takes the session and does not look', async () => {
      const { headers } = await app.client().get('/taken');
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('vary');
    });
  });

  describe('a new session that stays empty', () => {
    it('sets no cookie, and says that the answer depends on it', async () => {
      const answer = await app.client().get('/empty');
      expect(answer.json).toEqual({ isNew: true });
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers.vary).toMatch(/\bCookie\b/);
      expect(answer.headers).not.toHaveProperty('cache-control');
    });
  });

  describe('statement 52: an unchanged session', () => {
    it('sets no cookie, however often it is read', async () => {
      const client = app.client();
      await client.get('/set-cart');
      for (let i = 0; i < 3; i++) {
        const answer = await client.get('/read');
        expect(answer.json).toEqual({ values: { cart: { items: ['first'] } } });
        expect(answer.setCookies).toEqual([]);
      }
    });
  });

  describe('a change deep inside a value', () => {
    it('is found by its content', async () => {
      const client = app.client();
      await client.get('/set-cart');
      expect((await client.get('/nested')).setCookies).toHaveLength(1);
      expect(await valuesOf(client)).toEqual({ cart: { items: ['first', 'more'] } });
    });
  });

  describe('statement 54: the caching of a response that sets the cookie', () => {
    it.each([
      ['public, max-age=60', 'no-store'],
      ['s-maxage=60', 'no-store'],
      ['max-age=60', 'no-store'],
      ['private', 'private'],
      ['private, max-age=60', 'private, max-age=60'],
      ['public, no-store', 'no-store'],
      ['private="x-one", public', 'no-store'],
    ])('turns %s into %s', async (control, expected) => {
      const answer = await app.client().get(`/cache/${encodeURIComponent(control)}`);
      expect(answer.headers['cache-control']).toBe(expected);
      expect(answer.headers.vary).toBe('Accept, Cookie');
    });
  });

  describe('a value that cannot be stored', () => {
    it('is a 500 through the filters of Nest, and the log says where', async () => {
      const client = app.client();
      await client.get('/value');
      const before = client.jar.get('sid');
      const answer = await client.post('/bad/returned');
      expect(answer.status).toBe(500);
      expect(answer.json).toEqual({ statusCode: 500, message: 'Internal server error' });
      expect(answer.setCookies).toEqual([]);
      expect(client.jar.get('sid')).toBe(before);
      expect(takeLogs().errors.join()).toContain('values.bad');
    });

    it('can be answered by a filter for SessionError', async () => {
      const answer = await app.client().get('/bad-filtered');
      expect(answer.status).toBe(507);
      expect(answer.json).toEqual({ code: 'SESSION_UNSERIALIZABLE' });
      expect(answer.setCookies).toEqual([]);
    });

    it('is a plain 500 where an asynchronous filter answers, which nobody could catch', async () => {
      const answer = await app.client().get('/bad-async-filtered');
      expect(answer.status).toBe(500);
      expect(answer.json).toEqual({ statusCode: 500, message: 'Internal server error' });
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers.vary).toMatch(/Cookie/);
      expect(takeLogs().errors.join()).toContain('values.bad');
    });

    it('can be mended by a filter, whose changes are kept', async () => {
      const client = app.client();
      expect((await client.get('/bad-mended')).status).toBe(303);
      expect(await valuesOf(client)).toEqual({
        by: 'handler',
        _flash: ['That could not be kept.'],
      });
    });

    it.each(['file', 'guarded', 'sse'])('is a plain 500 with bad-%s too', async (how) => {
      const answer = await app.client().get(`/bad-${how}`);
      expect(answer.status).toBe(500);
      expect(answer.json).toEqual({ statusCode: 500, message: 'Internal server error' });
      expect(answer.setCookies).toEqual([]);
      expect(takeLogs().errors.join()).toContain('values.bad');
    });

    it.each(['send', 'end', 'write', 'head', 'later', 'pipe'])(
      'is a plain 500 where the handler answers by %s',
      async (how) => {
        const client = app.client();
        const answer = await client.get(`/bad-res/${how}`);
        expect(answer.status).toBe(500);
        expect(answer.json).toEqual({ statusCode: 500, message: 'Internal server error' });
        expect(answer.setCookies).toEqual([]);
        expect(answer.headers).not.toHaveProperty('etag');
        expect(takeLogs().errors.join()).toContain('values.bad');
        expect((await client.get('/noop')).body).toBe('untouched');
      },
    );
  });

  describe('a change after the headers', () => {
    if (isInStore(place)) {
      it('is in the log where nobody saved it', async () => {
        const client = app.client();
        expect((await client.get('/late-set')).body).toBe('a silence');
        expect(takeLogs().errors.join()).toMatch(/GET \/late-set.*save\(\) keeps it still/);
        expect(await valuesOf(client)).toEqual({ by: 'early' });
      });
    } else {
      it('is an error where it is made', async () => {
        const client = app.client();
        expect((await client.get('/late-set')).body).toBe('a SESSION_HEADERS_SENT');
        expect(await valuesOf(client)).toEqual({ by: 'early' });
      });

      it('is an error even after the response has ended', async () => {
        lateErrors.length = 0;
        lateLatch = new Latch();
        await app.client().get('/much-later');
        await lateLatch.wait();
        expect(lateErrors.map(({ code }) => code)).toEqual(
          Array.from({ length: 3 }, () => 'SESSION_HEADERS_SENT'),
        );
      });
    }

    it('is in the log where it was made in the live values, and the response is intact', async () => {
      const client = app.client();
      const answer = await client.get('/late-value');
      expect(answer.body).toBe('a body');
      expect(await valuesOf(client)).toEqual({ by: 'early' });
      expect(takeLogs().errors.join()).toMatch(
        /after the headers .* had left .*commit\.spec\.ts:\d+.*GET \/late-value/,
      );
    });

    it.each([
      ['late-bad', /values\.bad/],
      ['late-cookie', /after the headers/],
    ])('is in the log, and the response intact, by %s', async (path, message) => {
      const answer = await app.client().get(`/${path}`);
      expect(answer.body).toBe('a body');
      expect(takeLogs().errors.join()).toMatch(message);
    });

    it('is in the log when a stream of events ends', async () => {
      const answer = await app.client().get('/late-sse');
      expect(answer.body).toContain('data: b');
      expect(takeLogs().errors.join()).toMatch(/after the headers/);
    });
  });

  describe('a client that goes away', () => {
    it('leaves the server in order', async () => {
      const { port } = new URL(app.url);
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => {
          socket.write('GET /res-later HTTP/1.1\r\nHost: x\r\n\r\n');
          setTimeout(() => socket.destroy(), 2);
        });
        socket.on('close', () => setTimeout(resolve, 30));
      });
      expect((await app.client().get('/value')).status).toBe(200);
      expect(takeLogs().errors).toEqual([]);
    });
  });
});

describe('two answers on one connection', () => {
  it('carry each its own session, also when the requests are pipelined', async () => {
    const app = await startApp('Fastify', {
      controllers: [WaysController],
      providers: FILTERS,
    });
    const { port } = new URL(app.url);
    const text = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(Number(port), '127.0.0.1', () => {
        const to = (path: string) => `GET /${path} HTTP/1.1\r\nHost: x\r\n`;
        const last = `${to('request-session')}Connection: close\r\n\r\n`;
        socket.write(`${to('nest-session-res')}\r\n${to('noop')}\r\n${last}`);
      });
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('close', () => resolve(received));
    });
    const cookies = text.match(/^set-cookie: sid=[^;]+/gim) ?? [];
    expect(cookies.map((line) => app.sessions.unseal(line.slice(16)))).toEqual([
      { by: 'nest-session-res' },
      { by: 'request-session' },
    ]);
    await closeApps();
  });
});
