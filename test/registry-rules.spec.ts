/** What the registry is asked for, how it fails, and what is refused before anything is written. */
import { jest } from '@jest/globals';
import { Controller, Get, type Type } from '@nestjs/common';
import {
  MemorySessionRegistry,
  RequireFresh,
  Session,
  type SessionOptions,
  type SessionRegistry,
} from 'nestjs-typed-session';
import { closeApps, places, startApp, takeLogs, type TestApp } from './support/app.js';

type Method = keyof SessionRegistry;

/** A registry that tells what it was asked for, and that a test can make fail or wait. */
class WatchedRegistry {
  readonly calls: Method[] = [];
  around: ((method: Method) => unknown) | undefined;

  constructor() {
    const memory = new MemorySessionRegistry();
    const methods = ['add', 'find', 'replace', 'list', 'remove', 'removeAll'] as const;
    for (const method of methods) {
      const own = memory[method].bind(memory) as (...args: unknown[]) => unknown;
      Object.assign(this, {
        [method]: async (...args: unknown[]) => {
          this.calls.push(method);
          await this.around?.(method);
          return own(...args);
        },
      });
    }
  }

  take(): Method[] {
    return this.calls.splice(0);
  }
}

@Controller()
class RuleController {
  @Get('visit') visit(@Session() ss: Session) {
    ss.set('visited', true);
  }
  @Get('sign-in') async signIn(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
  }
  @Get('unawaited') unawaited(@Session() ss: Session) {
    void ss.regenerate({ owner: 'u1' });
  }
  @Get('remember-me') async rememberMe(@Session() ss: Session) {
    await ss.regenerate({ owner: 'u1' });
    ss.cookie.maxAge = '90 days';
  }
  @Get('me') me(@Session() ss: Session) {
    return { owner: ss.owner ?? null, values: ss.values };
  }
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', Date.now());
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await (ss as any).regenerate(['session']);
  }
  @Get('sign-out') async signOut(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('caught-sign-out') async caughtSignOut(@Session() ss: Session) {
    await ss.destroy().catch(() => {});
  }
}

describe.each(places)('a registry on %s', (place) => {
  let registry: WatchedRegistry;
  let app: TestApp;

  const start = (session: Partial<SessionOptions> = {}, controller: Type = RuleController) =>
    startApp(place, {
      controllers: [controller],
      session: { registry: registry as never, storeTimeout: '300ms', ...session },
    });
  const later = (milliseconds: number) => {
    const now = Date.now() + milliseconds;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  };

  beforeEach(async () => {
    registry = new WatchedRegistry();
    app = await start();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await closeApps();
    takeLogs();
  });

  async function signedIn(from = app) {
    const client = from.client();
    await client.get('/sign-in');
    registry.take();
    return client;
  }

  it('is not asked for sessions without an owner', async () => {
    const client = app.client();
    for (const path of ['/visit', '/me', '/set', '/regenerate', '/me', '/sign-out']) {
      expect((await client.get(path)).status).toBe(200);
    }
    expect(registry.take()).toEqual([]);
  });

  it('is asked once to sign in, once for each request, and once to sign out', async () => {
    const client = app.client();
    await client.get('/sign-in');
    expect(registry.take()).toEqual(['add']);
    await client.get('/me');
    expect(registry.take()).toEqual(['find']);
    await client.get('/sign-out');
    expect(registry.take()).toEqual(['find', 'remove']);
  });

  it('takes the list of @fastify/passport, which says nothing', async () => {
    const client = await signedIn();
    expect((await client.get('/regenerate')).status).toBe(200);
    expect((await client.get('/me')).json.owner).toBe('u1');
  });

  it('signs in where nobody awaits it', async () => {
    const client = app.client();
    await client.get('/unawaited');
    expect((await client.get('/me')).json.owner).toBe('u1');
  });

  it('keeps a session that asked to be remembered as long as that', async () => {
    const client = app.client();
    await client.get('/remember-me');
    later(80 * 86_400_000);
    expect((await client.get('/me')).json.owner).toBe('u1');
  });

  it('is told of a use at most once in a tenth of the idle time', async () => {
    const client = await signedIn();
    later(2 * 86_400_000);
    await client.get('/me');
    expect(registry.take()).toEqual(['find']);
    later(2 * 86_400_000);
    await client.get('/me');
    expect(registry.take()).toEqual(['find', 'replace']);
    await client.get('/me');
    expect(registry.take()).toEqual(['find']);
  });

  it('signs out everybody with an owner where it has lost its data', async () => {
    const client = await signedIn();
    await app.sessions.endAll('u1');
    const stranger = app.client();
    await stranger.get('/visit');
    expect((await client.get('/me')).json).toEqual({ owner: null, values: {} });
    expect((await stranger.get('/me')).json.values).toEqual({ visited: true });
  });

  describe.each([
    ['fails', () => Promise.reject(new Error('no connection'))],
    ['does not answer', () => new Promise(() => {})],
  ])('that %s', (_, around) => {
    it('accepts nobody: a 503', async () => {
      const client = await signedIn();
      registry.around = around;
      expect((await client.get('/me')).status).toBe(503);
      expect((await app.client().get('/sign-in')).status).toBe(503);
      const stranger = app.client();
      expect((await stranger.get('/visit')).status).toBe(200);
      registry.around = undefined;
      expect((await client.get('/me')).json.owner).toBe('u1');
    });

    it('goes on without the session where the application wants that', async () => {
      const other = await start({ onStoreError: 'anonymous' });
      const client = await signedIn(other);
      registry.around = around;
      const answer = await client.get('/me');
      expect(answer.json).toEqual({ owner: null, values: {} });
      expect(answer.setCookies).toEqual([]);
      expect((await client.get('/set')).status).toBe(503);
      registry.around = undefined;
      expect((await client.get('/me')).json.owner).toBe('u1');
    });
  });

  it('that fails at a sign-out makes it an error, also where that was caught', async () => {
    const client = await signedIn();
    registry.around = (method) => method === 'remove' && Promise.reject(new Error('down'));
    const cookie = client.jar.get('sid')!;
    const answer = await client.get('/caught-sign-out');
    expect(answer.status).toBe(503);
    expect(answer.setCookies).toEqual([]);
    registry.around = undefined;
    client.jar.set('sid', cookie);
    await client.get('/sign-out');
    client.jar.set('sid', cookie);
    expect((await client.get('/me')).json.owner).toBeNull();
  });

  it('with registryCache ends a session elsewhere exactly so much later', async () => {
    const one = await start({ registryCache: '5 seconds' });
    const client = await signedIn(one);
    const asked = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => asked);
    await client.get('/me');
    await client.get('/me');
    await app.sessions.endAll('u1');
    expect(registry.take()).toEqual(['find', 'removeAll']);
    clock.mockImplementation(() => asked + 4999);
    expect((await client.get('/me')).json.owner).toBe('u1');
    expect(registry.take()).toEqual([]);
    clock.mockImplementation(() => asked + 5000);
    expect((await client.get('/me')).json.owner).toBeNull();
    expect(registry.take()).toEqual(['find']);
  });

  it('with registryCache remembers no sign-in, and lets no use prolong an answer', async () => {
    const one = await start({ registryCache: '5 seconds' });
    const client = await signedIn(one);
    const asked = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => asked);
    for (const [milliseconds, calls] of [
      [0, ['find']],
      [2500, []],
      [4999, []],
      [5000, ['find']],
      [9999, []],
      [10_000, ['find']],
    ] as const) {
      clock.mockImplementation(() => asked + milliseconds);
      expect((await client.get('/me')).json.owner).toBe('u1');
      expect({ milliseconds, calls: registry.take() }).toEqual({ milliseconds, calls });
    }
  });

  it('with registryCache ends at once what is ended here', async () => {
    const one = await start({ registryCache: '5 seconds' });
    const client = await signedIn(one);
    await client.get('/me');
    await one.sessions.endAll('u1');
    expect((await client.get('/me')).json.owner).toBeNull();
  });

  it.each<[string, unknown]>([
    ['a number', { owner: 42 }],
    ['nothing', { owner: undefined }],
    ['an empty text', { owner: '' }],
    ['a text that is too long', { owner: 'x'.repeat(257) }],
    ['no object', 'u1'],
    ['a label that is too long', { owner: 'u1', label: 'x'.repeat(257) }],
    ['a label that is no text', { owner: 'u1', label: 1 }],
    ['a label without an owner', { label: 'Firefox' }],
  ])('writes nothing where an owner is %s', async (_, options) => {
    @Controller()
    class BadController {
      @Get('bad') async bad(@Session() ss: Session) {
        ss.set('key', 'value');
        await ss.save();
        const { id } = ss;
        const error = await (ss as any).regenerate(options).catch((e: unknown) => e);
        return { code: error.code, isSame: ss.id === id, owner: ss.owner ?? null };
      }
    }
    const bad = await start({}, BadController);
    expect((await bad.client().get('/bad')).json).toEqual({
      code: 'SESSION_CONFIG',
      isSame: true,
      owner: null,
    });
    expect(registry.take()).toEqual([]);
  });

  it('is an error of its callers where it is missing, or they name no owner', async () => {
    const bare = await startApp(place, { controllers: [RuleController] });
    const code = { code: 'SESSION_CONFIG' };
    await expect(bare.sessions.list('u1')).rejects.toMatchObject(code);
    await expect(bare.sessions.end('u1', 'ref')).rejects.toMatchObject(code);
    await expect(bare.sessions.endAll('u1')).rejects.toMatchObject(code);
    await expect(app.sessions.list('')).rejects.toMatchObject(code);
    await expect(app.sessions.endAll(undefined as never)).rejects.toMatchObject(code);
    await expect(app.sessions.end('u1', 5 as never)).rejects.toMatchObject(code);
    await expect(app.sessions.endAll('u1', { except: {} })).rejects.toMatchObject(code);
    const client = bare.client();
    await client.get('/sign-in');
    expect((await client.get('/me')).json.owner).toBe('u1');
  });
});

describe('a wrong option', () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ registry: {} }, /registry/],
    [{ registry: null }, /registry/],
    [{ registryCache: '5s' }, /registryCache/],
    [{ registry: new MemorySessionRegistry(), registryCache: -1 }, /registryCache/],
    [{ csrfKey: '' }, /csrfKey/],
    [{ storeTimeout: '1s' }, /storeTimeout/],
  ])('is an error at boot: %o', async (session, message) => {
    await expect(startApp('Express', { session })).rejects.toThrow(message);
  });

  it.each([0, -1, 'soon', undefined, '5'])('is no duration for @RequireFresh: %p', (duration) => {
    expect(() => RequireFresh(duration as never)).toThrow(/@RequireFresh/);
  });
});
