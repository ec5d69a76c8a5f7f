import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Param,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import { once } from 'node:events';
import { createReadStream, readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { MemorySessionStore, Session, SessionService } from 'nestjs-typed-session';
import { adapters, closeApps, isInStore, places, startApp, takeLogs } from './support/app.js';
import type { TestApp } from './support/app.js';
import { native } from './support/native.js';
import { WatchedStore } from './support/watched-store.js';

/** The forms of the headers that `writeHead` takes, and what a client is sent. */
const forms: Record<string, [args: unknown[], sent: string[]]> = {
  'an object': [
    [200, { 'X-One': '1', 'X-Two': ['2', '3'] }],
    ['x-one: 1', 'x-two: 2', 'x-two: 3'],
  ],
  'a reason and an object': [[200, 'Fine', { 'X-One': '1' }], ['x-one: 1']],
  'undefined and an object': [[200, undefined, { 'X-One': '1' }], ['x-one: 1']],
  'null and an object': [[200, null, { 'X-One': '1' }], ['x-one: 1']],
  'a flat list': [
    [200, ['X-One', '1', 'X-Two', '2']],
    ['x-one: 1', 'x-two: 2'],
  ],
  'undefined and a flat list': [[200, undefined, ['X-One', '1']], ['x-one: 1']],
  'a list of pairs': [[200, [['X-One', '1']]], ['x-one: 1']],
  'a list of pairs with a name that repeats': [
    [
      200,
      [
        ['X-One', '1'],
        ['X-One', '2'],
      ],
    ],
    ['x-one: 1', 'x-one: 2'],
  ],
};

const generators: string[] = [];
const FILE = fileURLToPath(import.meta.url);

@Injectable()
class RedirectingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    const ss = await this.sessions.get(context);
    ss.set('by', 'guard');
    const response = context.switchToHttp().getResponse();
    if (response.raw) response.redirect('/sign-in', 302);
    else response.redirect(302, '/sign-in');
    return true;
  }
}

@Controller()
class HeldController {
  @Get('twice') twice(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'twice');
    for (const url of ['/a', '/b']) {
      if (response.raw) response.redirect(url, 302);
      else response.redirect(url);
    }
  }
  @Get('unless-finished') unlessFinished(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'first');
    response.status(403).send('first');
    const raw = response.raw ?? response;
    if (!raw.finished) response.status(200).send('second');
  }
  @Get('status-later') statusLater(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'first');
    response.status(403).send('first');
    response.status(200);
  }
  @Get('end-twice') endTwice(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'first');
    const raw = native(response);
    raw.end('first');
    raw.end('second');
    raw.write('third');
    raw.end();
  }
  @Get('guarded') @UseGuards(RedirectingGuard) guarded() {
    return 'never sent';
  }
  @Get('form/:name') form(
    @Session() ss: Session,
    @Res() response: any,
    @Param('name') name: string,
  ) {
    ss.set('by', name);
    const raw = native(response);
    (raw.writeHead as (...args: unknown[]) => unknown)(...forms[name][0]);
    raw.end('a body');
  }
  @Get('flushed') flushed(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'flushed');
    const raw = native(response);
    raw.setHeader('content-length', 6);
    raw.flushHeaders();
    raw.end('a body');
  }
  @Get('bodiless') bodiless(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'bodiless');
    native(response).end();
  }
  @Get('refused/:how') refused(
    @Session() ss: Session,
    @Res() response: any,
    @Param('how') how: string,
  ) {
    ss.set('paid', true);
    // Nest answers what this throws with a 500.
    const raw = response.raw ?? response;
    if (how === 'body') raw.end({});
    else if (how === 'status') raw.writeHead(99);
    else if (how === 'header') raw.writeHead(200, { 'x-one': 'a\nb' });
    else raw.end('a body', 'no encoding');
  }
  @Get('to') to(@Session() ss: Session, @Res() response: any, @Query('url') url: string) {
    ss.set('by', 'to');
    const raw = response.raw ?? response;
    raw.writeHead(303, { location: url });
    raw.end();
  }
  @Get('file') file(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'file');
    createReadStream(FILE, { highWaterMark: 16 }).pipe(native(response));
  }
  @Get('generated') async generated(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'generated');
    const raw = native(response);
    try {
      for (let i = 0; i < 20; i++) {
        if (!raw.write('x'.repeat(100_000))) await once(raw, 'drain');
      }
      raw.end();
    } finally {
      generators.push('ended');
    }
  }
  @Get('late') late(@Session() ss: Session, @Res() response: any) {
    ss.set('by', 'early');
    const raw = native(response);
    raw.write('a ');
    setTimeout(() => {
      try {
        ss.values.by = 'late';
      } finally {
        raw.end('body');
      }
    }, 20);
  }
  @Get('noop') noop() {
    return 'untouched';
  }
}

/** The header lines that a client is sent, with their names in small letters. */
async function headOf(url: string, path: string): Promise<string[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text
    .split('\r\n\r\n')[0]
    .split('\r\n')
    .map((line) => line.replace(/^[^:]+:/, (name) => name.toLowerCase()));
}

describe.each(places)('an answer on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, {
      controllers: [HeldController],
      providers: [RedirectingGuard],
    });
  });
  afterAll(closeApps);
  beforeEach(() => void takeLogs());

  const valuesOf = (client: { jar: Map<string, string> }) =>
    app.sessions.read(client.jar.get('sid') ?? '');

  describe('that the application gives twice', () => {
    it('is the first redirect', async () => {
      const client = app.client();
      const answer = await client.get('/twice');
      expect([answer.status, answer.headers.location]).toEqual([302, '/a']);
      expect(await valuesOf(client)).toEqual({ by: 'twice' });
      expect((await client.get('/noop')).body).toBe('untouched');
    });

    it.each(['unless-finished', 'status-later'])('is the first by %s', async (path) => {
      const answer = await app.client().get(`/${path}`);
      expect([answer.status, answer.body]).toEqual([403, 'first']);
    });

    it('is the redirect of a guard that lets the request through', async () => {
      const answer = await app.client().get('/guarded');
      expect([answer.status, answer.headers.location]).toEqual([302, '/sign-in']);
      expect(answer.body).not.toContain('never sent');
    });

    if (isInStore(place)) {
      it('is the first end(), and the process goes on', async () => {
        const client = app.client();
        expect((await client.get('/end-twice')).body).toBe('first');
        expect((await client.get('/noop')).body).toBe('untouched');
      });
    }
  });

  describe('statement 72: an answer that leaves by Node itself carries the cookie, its body intact', () => {
    it.each(Object.keys(forms))('where writeHead is given %s', async (name) => {
      const client = app.client();
      const path = `/form/${encodeURIComponent(name)}`;
      const answer = await client.get(path);
      expect([answer.status, answer.body]).toEqual([200, 'a body']);
      expect(await valuesOf(client)).toEqual({ by: name });
      const lines = await headOf(app.url, path);
      expect(
        lines.filter((line) => line.startsWith('x-') && !line.startsWith('x-powered')),
      ).toEqual(forms[name][1]);
      expect(lines[0]).toBe(`HTTP/1.1 200 ${forms[name][0][1] === 'Fine' ? 'Fine' : 'OK'}`);
    });

    it.each([
      ['flushed', 'a body'],
      ['bodiless', ''],
    ])('where it is %s', async (path, body) => {
      const client = app.client();
      const answer = await client.get(`/${path}`);
      expect([answer.status, answer.body]).toEqual([200, body]);
      expect(await valuesOf(client)).toEqual({ by: path });
    });
  });

  describe('that Node refuses', () => {
    it.each(['body', 'status', 'header', 'encoding'])(
      'is a 500 that keeps nothing: %s',
      async (how) => {
        const client = app.client();
        const answer = await client.get(`/refused/${how}`);
        expect(answer.status).toBe(500);
        expect(answer.setCookies).toEqual([]);
        expect((await client.get('/noop')).body).toBe('untouched');
      },
    );

    it.each(['%0d%0aX-One:1', '%E4%B8%80', '%00'])('for a Location of %s is a 500', async (url) => {
      const client = app.client();
      const answer = await client.get(`/to?url=${url}`);
      expect(answer.status).toBe(500);
      expect(answer.headers).not.toHaveProperty('location');
      expect(answer.setCookies).toEqual([]);
    });
  });

  describe('statement 70: a change after the headers', () => {
    it('is told to the developer, and leaves the response intact', async () => {
      const client = app.client();
      expect((await client.get('/late')).body).toBe('a body');
      expect(takeLogs().errors.join()).toMatch(/after the headers .* GET \/late/);
      expect(await valuesOf(client)).toEqual({ by: 'early' });
    });
  });
});

describe.each(adapters)('what writes into a response that becomes an error, on %s', (adapter) => {
  let app: TestApp;
  const store = new WatchedStore(new MemorySessionStore());

  beforeAll(async () => {
    app = await startApp(adapter, {
      controllers: [HeldController],
      providers: [RedirectingGuard],
      session: { store },
    });
    store.around = async (operation, proceed) => {
      if (operation !== 'write') return proceed();
      await delay(5);
      throw new Error('out of order');
    };
  });
  afterAll(closeApps);

  /** How many descriptors of this process stand on the file. */
  const open = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === FILE;
      } catch {
        return false;
      }
    }).length;

  it('is a file that is closed', async () => {
    const before = open();
    for (let i = 0; i < 5; i++) expect((await app.client().get('/file')).status).toBe(503);
    for (let i = 0; i < 100 && open() > before; i++) await delay(10);
    expect(open()).toBe(before);
  });

  it('is a generator that waits for drain, and is woken', async () => {
    generators.length = 0;
    expect((await app.client().get('/generated')).status).toBe(503);
    for (let i = 0; i < 100 && generators.length === 0; i++) await delay(10);
    expect(generators).toEqual(['ended']);
  });
});
