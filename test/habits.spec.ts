import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Session, SessionService } from 'nestjs-typed-session';
import { adapters, closeApps, isInStore, places, startApp, takeLogs } from './support/app.js';
import { Latches } from './support/latch.js';
import { serve } from './support/served.js';

const latches = new Latches();

@Controller()
class HabitController {
  constructor(private readonly sessions: SessionService) {}

  @Get('in') signIn(@Session() ss: Session) {
    ss.set('user', 'peter');
  }
  @Get('read') read(@Session() ss: Session) {
    return ss.values;
  }
  @Get('null') setNull(@Session() _ss: Session, @Req() request: { session: unknown }) {
    request.session = null;
  }
  @Get('object') setObject(@Session() _ss: Session, @Req() request: { session: unknown }) {
    request.session = {};
  }
  @Get('delete') delete(@Session() _ss: Session, @Req() request: { session?: unknown }) {
    delete request.session;
  }
  @Get('delete-read') deleteRead(@Req() request: { session?: { get(key: string): unknown } }) {
    if (request.session?.get('user') === 'peter') delete request.session;
  }
  @Get('delete-native') deleteNative(
    @Session() _ss: Session,
    @Req() request: { session?: unknown },
    @Res() response: { send(body: string): void },
  ) {
    delete request.session;
    response.send('signed out');
  }
  @Get('taken') taken(@Session() ss: Session) {
    const { get } = ss;
    return get('user');
  }
  @Get('taken-flashes') takenFlashes(@Session() ss: Session) {
    const { flashes } = ss;
    return flashes();
  }
  @Get('age') age(@Session() ss: Session) {
    ss.cookie.maxAge = 1000 * 60 * 60 * 24 * 90;
  }
  @Get('age-text') ageText(@Session() ss: Session) {
    ss.cookie.maxAge = '3600';
  }
  @Get('query') query(@Session() ss: Session, @Query() query: object) {
    ss.set('filter', query);
  }
  @Get('slow') async slow(@Session() ss: Session) {
    ss.has('user');
    await latches.of('slow').wait();
    ss.set('seen', 'yes');
  }
  @Get('renew') async renew(@Session() ss: Session) {
    ss.set('role', 'admin');
    await ss.regenerate();
  }
  @Get('lost') async lost() {
    const codes: string[] = [];
    for (const from of [undefined, {}, null]) {
      await this.sessions.get(from as never).catch((error: Error & { code?: string }) => {
        codes.push(`${error.code}: ${error.message}`);
      });
    }
    return codes;
  }
}

describe.each(places)('what people write by habit on %s', (place) => {
  const { client: newClient, signedIn } = serve(place, HabitController, latches);

  it.each<[string, string, RegExp]>([
    ['request.session = null', 'null', /await request\.session\.destroy\(\)/],
    ['request.session = {}', 'object', /await request\.session\.destroy\(\)/],
    ['delete request.session', 'delete', /await request\.session\.destroy\(\)/],
    ['delete request.session, @Res()', 'delete-native', /await request\.session\.destroy\(\)/],
    ['const { get } = ss', 'taken', /const get = ss\.get\.bind\(ss\)/],
    ['const { flashes } = ss', 'taken-flashes', /Write ss\.get\(key\)/],
    ['milliseconds as maxAge', 'age', /not milliseconds: 7776000, or '90 days'/],
    ['digits as maxAge', 'age-text', /'3600s' or the number for seconds/],
  ])('is a 500 that says what to write: %s', async (_what, path, message) => {
    const client = await signedIn();
    expect((await client.get(`/${path}`)).status).toBe(500);
    expect(takeLogs().errors.join()).toMatch(message);
    expect((await client.get('/read')).json).toEqual({ user: 'peter' });
  });

  it('is a 500 too where nothing but request.session was read: delete request.session', async () => {
    const client = await signedIn();
    const opened = !isInStore(place);
    expect((await client.get('/delete-read')).status).toBe(500);
    const { errors } = takeLogs();
    expect(errors.join()).toMatch(
      opened ? /await request\.session\.destroy\(\)/ : /nobody has opened it yet/,
    );
    expect((await client.get('/read')).json).toEqual({ user: 'peter' });
  });

  it('is stored where it is the query of the request', async () => {
    const client = await signedIn();
    expect((await client.get('/query?a=1&b=2')).status).toBe(200);
    expect((await client.get('/read')).json).toMatchObject({ filter: { a: '1', b: '2' } });
  });

  it('names what sessions.get takes', async () => {
    const errors = (await newClient().get('/lost')).json as string[];
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatch(/^SESSION_UNAVAILABLE: .*sessions\.get\(context\)/);
    }
  });

  if (!isInStore(place)) return;

  it('does not take a sign-in from the browser: a request with the id from before', async () => {
    const client = await signedIn();
    const before = `sid=${client.jar.get('sid')}`;
    const slow = newClient().get('/slow', { cookie: before });
    await latches.of('slow').reached;
    await client.get('/renew');
    latches.of('slow').open();
    // One that was under way, and one that comes later.
    expect((await slow).setCookies).toEqual([]);
    expect((await newClient().get('/query?a=1', { cookie: before })).setCookies).toEqual([]);
    expect((await client.get('/read')).json).toMatchObject({ user: 'peter', role: 'admin' });
  });
});

describe.each(adapters)("another library's request.session on %s", (adapter) => {
  afterEach(closeApps);

  it('is not looked at, with requestSession: false', async () => {
    let reads = 0;
    const theirs = {
      configurable: true,
      get() {
        reads++;
        return undefined;
      },
    };
    const app = await startApp(adapter, {
      controllers: [HabitController],
      session: { requestSession: false },
      configure: (nest) => {
        const define = (request: object, _response: object, next: () => void) => {
          Object.defineProperty(request, 'session', theirs);
          next();
        };
        if (adapter === 'Express') nest.use(define);
        else nest.getHttpAdapter().getInstance().addHook('onRequest', define);
      },
    });
    expect((await app.client().get('/delete')).status).toBe(200);
    expect(reads).toBe(0);
  });
});
