import fastifyCookie from '@fastify/cookie';
import { Controller, Get, type INestApplication, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { jest } from '@jest/globals';
import { Session } from 'nestjs-typed-session';
import { closeApps, places, startApp, type TestApp } from './support/app.js';
import { attributes } from './support/client.js';
import { recordEvents } from './support/session-events.js';

const MINUTE = 60_000;

@Controller()
class SignController {
  @Get('in') async signIn(@Session() ss: Session) {
    await ss.regenerate();
    ss.set('user', 'peter');
  }
  @Get('user') user(@Session() ss: Session) {
    return { user: ss.get('user') ?? null, flashes: ss.flashes() };
  }
  @Get('clear') clear(@Session() ss: Session, @Res({ passthrough: true }) response: any) {
    response.clearCookie('sid');
    return { user: ss.get('user') ?? null };
  }
  @Get('clear-and-flash') flash(@Session() ss: Session, @Res({ passthrough: true }) response: any) {
    ss.addFlash('Good bye');
    response.clearCookie('sid');
  }
  @Get('clear-and-send') send(@Session() ss: Session, @Res() response: any) {
    ss.set('last', 'seen');
    response.clearCookie('sid').send('Good bye');
  }
  @Get('raw') raw(@Session() ss: Session, @Res({ passthrough: true }) response: any) {
    ss.set('last', 'seen');
    response.header('Set-Cookie', 'sid=; Max-Age=0; Path=/');
  }
  @Get('past') past(@Session() ss: Session, @Res({ passthrough: true }) response: any) {
    ss.set('last', 'seen');
    response.header('Set-Cookie', 'sid=gone; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT');
  }
  @Get('destroy-and-clear') async both(
    @Session() ss: Session,
    @Res({ passthrough: true }) response: any,
  ) {
    await ss.destroy();
    response.clearCookie('sid');
  }
  @Get('clear-another') another(@Session() ss: Session, @Res({ passthrough: true }) response: any) {
    ss.set('last', 'seen');
    response.header('Set-Cookie', 'sid2=; Max-Age=0; Path=/');
  }
}

/** Fastify learns `clearCookie` from its plugin. */
async function useCookies(app: INestApplication): Promise<void> {
  if (app.getHttpAdapter().getType() !== 'fastify') return;
  await (app as NestFastifyApplication).register(fastifyCookie as never);
}

describe.each(places)("an application's own deletion of the cookie, on %s", (place) => {
  const events = recordEvents();
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, {
      controllers: [SignController],
      configure: useCookies,
      session: { idleTimeout: '10m' },
    });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(closeApps);

  const signedIn = async () => {
    const client = app.client();
    await client.get('/in');
    const copy = client.jar.get('sid')!;
    events.takeAll();
    return { client, copy };
  };

  describe.each([
    ['right after the sign-in', 0],
    ['from a tenth of the idle time on', 2 * MINUTE],
  ])('%s', (_, later) => {
    it.each(['clear', 'clear-and-flash', 'clear-and-send', 'raw', 'past', 'destroy-and-clear'])(
      'statements 43 and 44: ends the session by one line, by /%s',
      async (path) => {
        const { client, copy } = await signedIn();
        const now = Date.now() + later;
        jest.spyOn(Date, 'now').mockImplementation(() => now);
        const answer = await client.get(`/${path}`);
        expect(answer.status).toBe(200);
        expect(answer.setCookies).toHaveLength(1);
        expect(attributes(answer.setCookies[0])).toMatchObject({ 'max-age': '0', path: '/' });
        expect(events.take('destroyed')).toHaveLength(1);
        expect(client.jar.size).toBe(0);
        expect((await client.get('/user')).json).toEqual({ user: null, flashes: [] });
        if (place.includes(' in ')) {
          // With a store the entry goes too: a copy of the cookie opens nothing.
          const copied = await client.get('/user', { cookie: `sid=${copy}` });
          expect(copied.json).toEqual({ user: null, flashes: [] });
        }
      },
    );
  });

  it('is one line where there is no session yet', async () => {
    const answer = await app.client().get('/clear-and-flash');
    expect(answer.setCookies).toHaveLength(1);
    expect(answer.setCookies[0]).toMatch(/^sid=;/);
    // On Fastify the line is known only after the interceptor has committed: what was begun is ended.
    expect(events.take('created')).toHaveLength(events.take('destroyed').length);
  });

  it('leaves the session where it deletes the cookie of another name', async () => {
    const { client } = await signedIn();
    const answer = await client.get('/clear-another');
    expect(answer.setCookies).toHaveLength(2);
    expect((await client.get('/user')).json).toMatchObject({ user: 'peter' });
  });
});
