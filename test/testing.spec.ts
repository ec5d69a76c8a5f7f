/** The test kit for applications, `nestjs-typed-session/testing`. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Redirect,
} from '@nestjs/common';
import {
  MemorySessionRegistry,
  Session,
  SessionError,
  SessionService,
  SessionType,
} from 'nestjs-typed-session';
import {
  createSession,
  seenEvents,
  SessionAgent,
  sessionClock,
  sessionCookie,
  sessionOf,
} from 'nestjs-typed-session/testing';
import { closeApps, places, startApp } from './support/app.js';
import { assertBuilt } from './support/built-library.js';
import { ROOT } from './support/readme.js';

@SessionType('testing-user')
class User {
  constructor(readonly name = '') {}
  greet() {
    return `Hi ${this.name}`;
  }
}

type Shop = { user: User; visits: number; cart: unknown[] };

@Controller()
class ShopController {
  @Post('sign-in')
  signIn(@Session() ss: Session<Shop>, @Body('name') name = 'Ada') {
    ss.set('user', new User(name));
  }

  @Post('sign-out')
  async signOut(@Session() ss: Session) {
    await ss.destroy();
  }

  @Post('visit')
  visit(@Session() ss: Session<Shop>) {
    ss.values.visits = (ss.values.visits ?? 0) + 1;
    return `Visit number ${ss.values.visits}`;
  }

  @Get('me')
  me(@Session() ss: Session<Shop>) {
    return ss.get('user')?.greet() ?? 'nobody';
  }

  @Get('owner')
  owner(@Session() ss: Session<Shop>) {
    return `${ss.owner ?? 'nobody'} with ${ss.get('visits') ?? 0}`;
  }

  @Post('enter')
  @Redirect('/me', 303)
  enter(@Session() ss: Session<Shop>) {
    ss.set('user', new User('Grace'));
  }

  @Post('admin')
  admin(@Session('admin') ss: Session<Shop>) {
    ss.set('visits', 7);
  }
}

@Injectable()
class SignedInGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    return (await this.sessions.get(context)).has('user');
  }
}

afterEach(() => sessionClock.reset());
afterAll(closeApps);

describe('createSession', () => {
  const shop = new ShopController();

  it('is a session for a handler, and shows what would be kept', () => {
    const session = createSession<Shop>({ visits: 1 });
    expect(shop.visit(session)).toBe('Visit number 2');
    expect(session.commit()).toEqual({ visits: 2 });
    expect(session.commit(500)).toEqual({ visits: 1 });
  });

  it('gives an instance back as a copy of its class, as a request would', () => {
    const user = new User('Ada');
    const session = createSession<Shop>({ user });
    expect(session.get('user')).not.toBe(user);
    expect(shop.me(session)).toBe('Hi Ada');
  });

  it('serves a guard in the place of SessionService', async () => {
    const guardFor = (session: Session) =>
      new SignedInGuard({ get: async () => session } as unknown as SessionService);
    const context = {} as ExecutionContext;
    expect(await guardFor(createSession({ user: new User() })).canActivate(context)).toBe(true);
    expect(await guardFor(createSession()).canActivate(context)).toBe(false);
  });

  it('refuses what cannot be stored where it is set, in every way to set it', () => {
    const session = createSession<Shop>();
    const onClick = () => {};
    const refused = /values\.cart.*onClick is a function/;
    expect(() => session.set('cart', [{ onClick }])).toThrow(refused);
    expect(() => {
      session.values.cart = [{ onClick }];
    }).toThrow(refused);
    expect(() => session.addFlash(onClick)).toThrow(SessionError);
    expect(() => createSession({ onClick })).toThrow(/onClick is a function/);
    expect(session.commit()).toBeUndefined();
  });

  it('finds at the commit what came into a value later, and what does not fit', () => {
    const session = createSession<Shop>({ cart: [] });
    session.get('cart')!.push(() => {});
    expect(() => session.commit()).toThrow(/cart\[0\] is a function/);
    session.set('cart', ['x'.repeat(5000)]);
    expect(() => session.commit()).toThrow(/needs \d+ bytes as a cookie/);
    expect(createSession({ cart: ['x'.repeat(5000)] }, { maxCookieBytes: 10_000 }).isNew).toBe(
      false,
    );
  });

  it('has an owner who has signed in, as for a handler that asks who it is', async () => {
    const before = Date.now();
    const session = createSession<Shop>({ visits: 1 }, { owner: 'ada' });
    expect(shop.owner(session)).toBe('ada with 1');
    expect([session.isNew, createSession({}, { owner: 'ada' }).isNew]).toEqual([false, false]);
    expect(session.authenticatedAt!.getTime()).toBeGreaterThanOrEqual(before);
    expect(session.commit()).toEqual({ visits: 1 });
    expect(() => createSession({}, { owner: '' })).toThrow(/createSession: owner is/);
    expect(() => createSession({}, { owner: 'ada', isNew: true })).toThrow(
      /Await session\.regenerate\(\{ owner \}\)/,
    );
    const fresh = createSession<Shop>();
    await fresh.regenerate({ owner: 'bo' });
    expect([fresh.owner, fresh.commit()]).toEqual(['bo', {}]);
  });

  it('does all that a handler may ask of its session', async () => {
    const session = createSession<Shop>({ visits: 1 });
    const { id } = session;
    expect(await session.increment('visits')).toBe(2);
    await session.save();
    session.set('visits', 9);
    await session.reload();
    await session.regenerate();
    expect([session.id === id, session.get('visits')]).toEqual([false, 2]);
    await session.reauthenticate();
    expect(session.authenticatedAt).toBeInstanceOf(Date);
    session.cookie.maxAge = '90 days';
    session.addFlash('saved');
    expect(session.commit()).toEqual({ visits: 2, _flash: ['saved'] });
    session.clear();
    expect(session.commit()).toEqual({});
  });

  it('is new or not, ends, shows a flash once, and takes the options of the module', async () => {
    expect(createSession().isNew).toBe(true);
    const fresh = createSession<Shop>({ visits: 1 }, { isNew: true, name: 'shop' });
    expect([fresh.isNew, fresh.name, fresh.commit()]).toEqual([true, 'shop', { visits: 1 }]);
    const session = createSession({ notice: ['saved'] });
    expect(session.flashes('notice')).toEqual(['saved']);
    expect(session.commit()).toEqual({});
    await session.destroy();
    expect(session.commit()).toBeUndefined();
  });
});

describe('SessionAgent', () => {
  it.each([
    ['theme=dark; Path=/me', '/me', 'theme=dark'],
    ['theme=dark; Path=/me', '/me/too', 'theme=dark'],
    ['theme=dark; Path=/me', '/meter', ''],
    ['theme=dark; Domain=example.com', '/', ''],
    ['theme=dark; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', '/', 'theme=dark'],
    ['theme=dark; Max-Age=0', '/', ''],
    ['theme=dark; Expires=Thu, 01 Jan 1970 00:00:00 GMT', '/', ''],
    ['__Host-theme=dark; Path=/me; Secure', '/me', ''],
    ['a=1; b=2', '/', 'a=1; b=2'],
  ])('keeps cookies as RFC 6265 says: %s for %s', async (line, path, sent) => {
    const agent = new SessionAgent('http://127.0.0.1:3000');
    await agent.accept(line);
    expect(await agent.cookies(path)).toBe(sent);
  });
});

describe.each(places)('on %s', (place) => {
  const session = [
    { name: 'sid', idleTimeout: '30 minutes' },
    { name: 'admin', idleTimeout: '30 minutes' },
  ];
  const start = () => startApp(place, { controllers: [ShopController], session });

  it('sessionCookie begins a session, and sessionOf reads it after a response', async () => {
    const { app, url } = await start();
    const cookie = await sessionCookie(app, { user: new User('Ada'), visits: 1 });
    expect(cookie).toMatch(/^sid=[\w-]+$/);
    const visit = await fetch(`${url}/visit`, { method: 'POST', headers: { cookie } });
    expect(await visit.text()).toBe('Visit number 2');
    const values = await sessionOf<Shop>(app, visit, { cookie });
    expect([values?.visits, values?.user.greet()]).toEqual([2, 'Hi Ada']);

    const admin = await fetch(`${url}/admin`, { method: 'POST' });
    expect(await sessionOf(app, admin, { name: 'admin' })).toEqual({ visits: 7 });
    await expect(sessionOf(app, admin)).rejects.toThrow(/sets no cookie 'sid'.*\{ cookie \}/);
    await expect(sessionCookie(app, {}, { name: 'none' })).rejects.toThrow(/No session is named/);
  });

  it('sessionCookie signs an owner in, and the registry knows the session', async () => {
    const { app, url, sessions } = await startApp(place, {
      controllers: [ShopController],
      session: { name: 'sid', registry: new MemorySessionRegistry() },
    });
    const before = Date.now();
    const cookie = await sessionCookie(app, { visits: 1 }, { owner: 'ada' });
    const owner = async () => (await fetch(`${url}/owner`, { headers: { cookie } })).text();
    expect(await owner()).toBe('ada with 1');
    const [listed, ...others] = await sessions.list('ada');
    expect(others).toEqual([]);
    expect(listed.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    await sessions.endAll('ada');
    expect(await owner()).toBe('nobody with 0');
    expect(await sessionOf(app, await fetch(url), { cookie })).toBeUndefined();
    await expect(sessionCookie(app, {}, { owner: '' })).rejects.toThrow(/sessionCookie: owner is/);
  });

  it('a SessionAgent keeps its cookies, also over a redirect and a sign-out', async () => {
    const { app, url } = await start();
    const [agent, other] = [new SessionAgent(app), new SessionAgent(url)];
    expect(await (await agent.get('/me')).text()).toBe('nobody');
    await agent.post('/sign-in', { name: 'Bo' });
    const me = await agent.get('/me');
    expect(await me.text()).toBe('Hi Bo');
    expect(await sessionOf(app, me)).toEqual({ user: new User('Bo') });
    expect(await (await other.get('/me')).text()).toBe('nobody');

    expect(await (await agent.post('/enter')).text()).toBe('Hi Grace');
    const left = await agent.fetch('/enter', { method: 'POST', redirect: 'manual' });
    expect(left.status).toBe(303);
    expect(await sessionOf(app, await agent.post('/sign-out'))).toBeUndefined();
    expect(await agent.cookies()).toBe('');

    await agent.accept(await sessionCookie(app, { user: new User('Cy') }));
    expect(await (await agent.get('/me')).text()).toBe('Hi Cy');
    agent.forget();
    expect(await (await agent.get('/me')).text()).toBe('nobody');
  });

  it('the clock ends a session that was idle, and Date stays as it is', async () => {
    const { app, url } = await start();
    const agent = new SessionAgent(app);
    await agent.post('/sign-in');
    const cookie = await agent.cookies();
    const me = async () => (await fetch(`${url}/me`, { headers: { cookie } })).text();
    sessionClock.advance('20 minutes');
    const before = Date.now();
    expect(sessionClock.now().getTime() - before).toBeGreaterThan(19 * 60_000);
    expect(await (await agent.get('/me')).text()).toBe('Hi Ada');
    sessionClock.advance('20 minutes');
    // The agent was sent the cookie again when it used the session.
    expect(await (await agent.get('/me')).text()).toBe('Hi Ada');
    sessionClock.advance('31 minutes');
    expect(await agent.cookies()).toBe('');
    expect(await me()).toBe('nobody');
    expect(Date.now() - before).toBeLessThan(60_000);
  });

  it('seenEvents tells what happened to this application alone, in order', async () => {
    const [{ app, url }, other] = [await start(), await start()];
    const seen = seenEvents(app);
    const agent = new SessionAgent(url);
    await new SessionAgent(other.url).post('/sign-in');
    await agent.post('/sign-in');
    expect(seen.kinds).toEqual(['created', 'committed']);
    expect(seen.take()[0]).toMatchObject({ kind: 'created', session: 'sid' });
    await agent.post('/sign-out');
    expect(seen.kinds).toEqual(['destroyed']);
    seen.stop();
    await agent.post('/sign-in');
    expect(seen.all).toHaveLength(1);
  });
});

describe('the kit', () => {
  it('says what it needs where the application has not booted', () => {
    const app = {
      get: () => {
        throw new Error('none');
      },
    } as never;
    expect(() => seenEvents(app)).toThrow(/seenEvents needs an application.*await app\.init\(\)/);
  });

  it.each(['import', 'require'])(
    'runs under node:test, as built, by %s, with the responses of inject()',
    (form) => {
      assertBuilt();
      const output = execFileSync(
        process.execPath,
        ['--test', '--test-reporter=tap', 'test/fixtures/testing-kit.mjs'],
        { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, FORM: form } },
      );
      expect(output).toMatch(/^# pass 3$/m);
    },
  );

  it('runs under Jest, as built, as an ES module', () => {
    assertBuilt();
    const roots = ['<rootDir>/test/fixtures'];
    const config = { rootDir: ROOT, roots, testMatch: ['**/testing-kit.mjs'], transform: {} };
    const jest = 'node_modules/jest/bin/jest.js';
    const args = ['--experimental-vm-modules', jest, '--json', '--config', JSON.stringify(config)];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 3 });
  });

  it('names tough-cookie where it is not installed', () => {
    assertBuilt();
    const program = `
      const Module = require('node:module');
      const { _resolveFilename } = Module;
      Module._resolveFilename = (name, ...rest) => {
        if (name === 'tough-cookie') throw new Error('not installed');
        return _resolveFilename(name, ...rest);
      };
      try {
        new (require('nestjs-typed-session/testing').SessionAgent)('http://127.0.0.1');
      } catch (error) {
        console.log(error.code, error.message);
      }`;
    const args = ['--disable-warning=ExperimentalWarning', '--eval', program];
    expect(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })).toMatch(
      /^SESSION_CONFIG SessionAgent needs tough-cookie: npm install --save-dev tough-cookie\. /,
    );
  });
});
