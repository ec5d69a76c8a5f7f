/** An application changes its session library, and its users notice nothing. */
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { Browser, BrowserContext } from 'playwright-core';
import { tap } from 'rxjs';
import { Session, SessionService } from 'nestjs-typed-session';
import { fromGorilla, toGorilla, type SessionAdopter } from 'nestjs-typed-session/adopt';
import { adapters, closeApps, places, startApp, type Place, type TestApp } from '../support/app.js';
import { allowOtherPorts, askFrom, findChromium, launch } from '../support/browser.js';
import type { Client } from '../support/client.js';
import { describeWithGorilla, GoProgram } from '../support/go-program.js';
import { describeWithPostgres } from '../support/postgres-server.js';
import { describeWhere } from '../support/programs.js';
import { describeWithRedis } from '../support/redis-server.js';
import { ROOT } from '../support/readme.js';
import { recordEvents } from '../support/session-events.js';
import { describeWithLibraries } from './libraries.js';
import {
  CONNECT_PG_SIMPLE,
  CONNECT_REDIS,
  OLD_LIBRARIES,
  type OldApplication,
  type OldLibrary,
} from './old-applications.js';

const GO_NAME = 'app_session';
const GO_KEY = Buffer.alloc(32, 'k');

@Controller()
class NewController {
  @Get('me') me(@Session() ss: Session<{ user: { name: string } }>) {
    return ss.get('user')?.name ?? 'signed out';
  }
  @Get('out') async out(@Session() ss: Session) {
    await ss.destroy();
    return 'signed out';
  }
}

/** The recipe of docs/coming-from/leapkit.md. */
@Injectable()
class GoCookieInterceptor implements NestInterceptor {
  private readonly go = toGorilla({ name: GO_NAME, hashKey: GO_KEY });

  constructor(private readonly sessions: SessionService) {}

  async intercept(context: ExecutionContext, next: CallHandler) {
    const session = await this.sessions.get(context);
    const reply = context.switchToHttp().getResponse();
    return next.handle().pipe(
      tap(() => {
        const { go } = this;
        const cookie = `${go.name}=${go.write(session.values)}; Path=/; HttpOnly; SameSite=Lax`;
        // Fastify's reply, or Express's response.
        if (reply.raw === undefined) reply.append('Set-Cookie', cookie);
        else reply.header('Set-Cookie', cookie);
      }),
    );
  }
}

@Controller()
class SignInController extends NewController {
  @UseInterceptors(GoCookieInterceptor)
  @Get('sign-in')
  signIn(@Session() ss: Session<{ user: string }>) {
    ss.set('user', 'Péter');
  }
}

const startOurs = (place: Place, adopt: SessionAdopter, name = 'sid'): Promise<TestApp> =>
  startApp(place, {
    controllers: [NewController],
    session: { name, adopt, adoptUntil: '2099-01-01' },
    configure: (app) => app.use(allowOtherPorts),
  });

const headerOf = (jar: Client['jar']) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

/** What the old application answers to the cookies of a browser. */
async function there({ url }: OldApplication, jar: Client['jar']): Promise<string> {
  return (await fetch(`${url}/me`, { headers: { cookie: headerOf(jar) } })).text();
}

/** The same, once a response has been followed by what removes the session there. */
async function thereAtLast(old: OldApplication, jar: Client['jar']): Promise<string> {
  const end = Date.now() + 10_000;
  let answer = await there(old, jar);
  while (answer !== 'signed out' && Date.now() < end) answer = await there(old, jar);
  return answer;
}

async function signIn({ url }: OldApplication, client: Client): Promise<void> {
  const response = await fetch(`${url}/sign-in`);
  await response.text();
  for (const line of response.headers.getSetCookie()) {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    client.jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

const events = recordEvents();

const chromium = findChromium();

interface VisitedPage {
  readonly context: BrowserContext;
  /** Goes there. @returns what the page consists of */
  visit(url: string): Promise<string>;
  /** Asks from the page that was visited last. @returns what is answered */
  ask(url: string): Promise<string>;
}

/** One browser for the file: to start one takes longer than any test. */
let browser: Browser | undefined;
let page: VisitedPage | undefined;
afterAll(async () => {
  // It keeps connections to the applications.
  await browser?.close();
  await closeApps();
});

/** The page of a user without cookies. They go to every port of one host. */
async function freshPage(): Promise<VisitedPage> {
  if (page === undefined) {
    browser = await launch(chromium!);
    const context = await browser.newContext();
    const tab = await context.newPage();
    const visit = async (url: string) => {
      // What Chromium draws of it takes longer than all else.
      const response = await tab.goto(url, { waitUntil: 'commit' });
      return response!.text();
    };
    page = { context, visit, ask: (url) => askFrom(tab, url) };
  }
  await page.context.clearCookies();
  return page;
}

const namesOf = async (context: BrowserContext) =>
  (await context.cookies()).map(({ name }) => name).sort();

/** What those who signed in with another library are promised. */
function promises(old: OldLibrary): void {
  let app: OldApplication;
  beforeAll(async () => {
    app = await old.start();
  }, 180_000);
  afterAll(() => app?.close());

  const started = new Map<string, Promise<TestApp>>();
  /** Ours on a place, which is started when it is first asked for. With `keepOld` it has a cookie `both`. */
  function ours(place: Place, keepOld: boolean): Promise<TestApp> {
    const key = `${place} ${keepOld}`;
    const name = keepOld ? 'both' : 'sid';
    const one = started.get(key) ?? startOurs(place, app.adopter('newest', { keepOld }), name);
    started.set(key, one);
    return one;
  }

  it.each(places)('stays signed in, and is signed out there: %s', async (place) => {
    const client = (await ours(place, false)).client();
    await signIn(app, client);
    const copy = new Map(client.jar);
    expect(await there(app, client.jar)).toBe('Péter');
    expect((await client.get('/me')).body).toBe('Péter');
    expect([...client.jar.keys()]).toEqual(['sid']);
    expect(events.take('adopted')).toMatchObject([{ library: old.library }]);
    expect((await client.get('/me')).body).toBe('Péter');
    expect(await there(app, client.jar)).toBe('signed out');
    if (old.hasStore) expect(await thereAtLast(app, copy)).toBe('signed out');
  });

  it.each(places)('stays signed in in both with keepOld, till sign-out: %s', async (place) => {
    const client = (await ours(place, true)).client();
    await signIn(app, client);
    expect((await client.get('/me')).body).toBe('Péter');
    expect((await client.get('/me')).body).toBe('Péter');
    expect(await there(app, client.jar)).toBe('Péter');
    const copy = new Map(client.jar);
    await client.get('/out');
    expect(client.jar.size).toBe(0);
    if (old.hasStore) expect(await there(app, copy)).toBe('signed out');
    copy.delete('both');
    for (const [name, value] of copy) client.jar.set(name, value);
    const again = await client.get('/me');
    // Of cookie-session, a copy is what a new sign-in would set too.
    expect(again.body).toBe(old.library === 'cookie-session' ? 'Péter' : 'signed out');
  });

  describeWhere({ chromium }, 'in Chromium', () => {
    it.each(adapters)('stays signed in, in both with keepOld: %s', async (adapter) => {
      const both = await ours(adapter, true);
      const alone = await ours(adapter, false);
      const { visit, ask, context } = await freshPage();
      await visit(`${app.url}/sign-in`);
      expect(await ask(`${both.url}/me`)).toBe('Péter');
      expect(await ask(`${app.url}/me`)).toBe('Péter');
      expect(await ask(`${alone.url}/me`)).toBe('Péter');
      expect(await ask(`${alone.url}/me`)).toBe('Péter');
      expect(await namesOf(context)).toEqual(['both', 'sid']);
      expect(await ask(`${app.url}/me`)).toBe('signed out');
    });
  });
}

describeWithLibraries('a user who signed in with another library', () => {
  describe.each(OLD_LIBRARIES)('$title', (old) => {
    promises(old);
  });
  describeWithRedis(CONNECT_REDIS.title, () => {
    promises(CONNECT_REDIS);
  });
  describeWithPostgres(CONNECT_PG_SIMPLE.title, () => {
    promises(CONNECT_PG_SIMPLE);
  });
});

describeWhere({ chromium }, 'a user in Chromium', () => {
  describeWithGorilla('with an application in Go', () => {
    const name = GO_NAME;
    const key = GO_KEY;
    let go: GoProgram;
    beforeAll(() => {
      go = GoProgram.start(`${ROOT}/test/integration/gorilla`);
    }, 180_000);
    afterAll(() => go?.stop());

    const inGo = (request: object) =>
      go.ask<{ cookie: string; isNew: boolean }>({
        keys: [key.toString('hex'), ''],
        name,
        ...request,
      });

    it.each(adapters)('is signed in there by what toGorilla writes: %s', async (place) => {
      const ours = await startApp(place, {
        controllers: [SignInController],
        session: { adopt: fromGorilla({ name, hashKey: key, keepOld: true }) },
      });
      const { visit, context } = await freshPage();
      await visit(`${ours.url}/sign-in`);
      expect(await namesOf(context)).toEqual([name, 'sid']);
      const cookie = (await context.cookies()).find((one) => one.name === name)!.value;
      expect(await inGo({ do: 'read', cookie })).toEqual({
        isNew: false,
        values: { user: 'string Péter' },
      });
      expect(await visit(`${ours.url}/out`)).toBe('signed out');
      expect(await namesOf(context)).toEqual([]);
    });

    it.each(adapters)('stays signed in: %s', async (adapter) => {
      const map = ({ user }: Record<string, unknown>) => ({
        user: { name: (user as { Name: string }).Name },
      });
      for (const keepOld of [true, false]) {
        const ours = await startOurs(adapter, fromGorilla({ name, hashKey: key, map, keepOld }));
        const { visit, context } = await freshPage();
        const { cookie } = await inGo({ do: 'write', set: 'signed in' });
        await context.addCookies([{ name, value: cookie, url: ours.url }]);
        expect(await visit(`${ours.url}/me`)).toBe('Péter');
        expect(await visit(`${ours.url}/me`)).toBe('Péter');
        expect(await namesOf(context)).toEqual(keepOld ? [name, 'sid'] : ['sid']);
        const left = (await context.cookies()).find((one) => one.name === name)?.value;
        expect((await inGo({ do: 'read', cookie: left })).isNew).toBe(!keepOld);
      }
    });
  });
});
