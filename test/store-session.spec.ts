import { jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Param,
  ParseIntPipe,
  Query,
  Req,
  UseGuards,
} from '@nestjs/common';
import { createClient } from 'redis';
import {
  Session,
  type SessionError,
  type SessionOptions,
  SessionService,
  type StoredSession,
} from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { adapters, closeApps, SECRET, startApp, takeLogs, type TestApp } from './support/app.js';
import { attributes, type Client, visits } from './support/client.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';
import { recordEvents } from './support/session-events.js';
import { storeOf } from './support/stores.js';
import { atomicPlaces, WatchedStore } from './support/watched-store.js';

@Injectable()
class OpeningGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    await this.sessions.get(context);
    return true;
  }
}

@Controller()
class StoreController {
  @Get('set') set(@Session() ss: Session, @Query('value') value = 'value') {
    ss.set('key', value);
    return { id: ss.id };
  }
  @Get('read') read(@Session() ss: Session) {
    return { values: ss.values, id: ss.id, isNew: ss.isNew };
  }
  @Get('noop') noop() {
    return 'untouched';
  }
  @Get('taken') taken(@Session() _ss: Session) {
    return 'untouched';
  }
  @Get('nested') nested(@Session() ss: Session) {
    const { cart } = ss.values as { cart?: string[] };
    if (cart === undefined) ss.set('cart', ['first']);
    else cart.push('changed and never kept');
    throw new Error('failed');
  }
  @Get('cart') cart(@Session() ss: Session) {
    ss.set('cart', ['first']);
  }
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('forget') forget(@Session() ss: Session) {
    ss.cookie.maxAge = -1;
  }
  @Get('remember') remember(@Session() ss: Session) {
    ss.cookie.maxAge = '90 days';
    ss.set('key', 'remembered');
  }
  @Get('fail/:status') fail(@Session() ss: Session, @Param('status', ParseIntPipe) status: number) {
    ss.set('key', `${status}`);
    throw Object.assign(new Error('failed'), { status, statusCode: status, expose: false });
  }
  @Get('large') large(@Session() ss: Session) {
    for (const size of [300, 100, 200]) ss.set(`of-${size}`, 'x'.repeat(size));
  }

  @Get('request') request(@Req() request: { session: Session }) {
    try {
      return { values: request.session.values };
    } catch (error) {
      const { code, message } = error as SessionError;
      return { code, message };
    }
  }
  @Get('guarded') @UseGuards(OpeningGuard) guarded(@Req() request: { session: Session }) {
    return { values: request.session.values };
  }
  @Get('middleware') middleware(@Req() request: { session: Session }) {
    return { values: request.session.values };
  }

  @Get('two') two(
    @Session() ss: Session,
    @Session('cookie') cookie: Session,
    @Query('bytes') bytes = '10',
  ) {
    ss.set('key', 'in the store');
    cookie.set('filling', 'x'.repeat(Number(bytes)));
  }
}

const NEWER = 'a newer secret for tests of more than thirty-two bytes';
const HOUR = 3_600_000;

describe.each(atomicPlaces)('a session that is kept on a server, on %s', (place) => {
  let app: TestApp;
  let store: WatchedStore;
  const events = recordEvents();

  const start = (session: Partial<SessionOptions> = {}) =>
    startApp(place, {
      controllers: [StoreController],
      providers: [OpeningGuard],
      session: { store, ...session },
      configure: (nest) => {
        const open = async (request: object, response: object, next: () => void) => {
          await nest.get(SessionService).get(request, response);
          next();
        };
        nest.use('/middleware', open);
      },
    });

  beforeAll(async () => {
    store = new WatchedStore((await storeOf(place))!);
    app = await start();
  });
  afterAll(closeApps);
  beforeEach(() => {
    store.keys.clear();
    store.takeCalls();
    takeLogs();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const read = async (client: Client) => (await client.get('/read')).json;
  /** The client of another application, with what this one has in its jar. */
  function movedTo(other: TestApp, client: Client): Client {
    const moved = other.client();
    for (const [name, value] of client.jar) moved.jar.set(name, value);
    return moved;
  }

  describe('its cookie', () => {
    it('has one length, whatever it holds, and tells nothing of it', async () => {
      const lengths = new Set<number>();
      for (const value of ['', 'v', 'long '.repeat(1000)]) {
        const client = app.client();
        const { id } = (await client.get(`/set?value=${value}`)).json;
        const cookie = client.jar.get('sid')!;
        lengths.add(cookie.length);
        expect(id).toMatch(/^[\w-]{43}$/);
        expect(cookie).not.toContain(id);
        expect(Buffer.from(cookie.slice(4), 'base64url').toString('latin1')).not.toContain(id);
      }
      expect(lengths.size).toBe(1);
    });

    it.each<[string, (cookie: string) => string]>([
      ['forged', () => `1abc${'A'.repeat(108)}`],
      ['cut', (cookie) => cookie.slice(0, -1)],
      ['doubled', (cookie) => cookie + cookie],
      [
        'flipped',
        (cookie) => `${cookie.slice(0, 50)}${cookie[50] === 'A' ? 'B' : 'A'}${cookie.slice(51)}`,
      ],
      ['empty', () => ''],
      ['an id without a seal', () => 'A'.repeat(43)],
    ])('costs no call of the store where it is %s', async (_what, forge) => {
      const client = app.client();
      await client.get('/set');
      const cookie = forge(client.jar.get('sid')!);
      store.takeCalls();
      const answer = await client.get('/read', { cookie: `sid=${cookie}` });
      expect(answer.json).toMatchObject({ values: {}, isNew: true });
      expect(store.takeCalls()).toEqual([]);
    });

    it('costs no call of the store where another session of the module has sealed it', async () => {
      const other = await start({ name: 'other' });
      const client = other.client();
      await client.get('/set');
      store.takeCalls();
      const cookie = `sid=${client.jar.get('other')}`;
      expect((await app.client().get('/read', { cookie })).json).toMatchObject({ isNew: true });
      expect(store.takeCalls()).toEqual([]);
    });
  });

  describe('statement 5: an id that the server has issued, and no longer knows', () => {
    it('is not adopted: what is written next is another session', async () => {
      const client = app.client();
      const { id } = (await client.get('/set')).json;
      const cookie = `sid=${client.jar.get('sid')}`;
      await client.get('/destroy');
      const answer = await client.get('/set?value=new', { cookie });
      expect(answer.json.id).not.toBe(id);
      expect((await app.client().get('/read', { cookie })).json).toMatchObject({ isNew: true });
      expect(await read(client)).toMatchObject({ values: { key: 'new' }, id: answer.json.id });
      expect(events.take('rejected')).toMatchObject([
        { reason: 'unknown-id' },
        { reason: 'unknown-id' },
      ]);
    });
  });

  describe('statement 15: a dump of the store', () => {
    it.each([true, false])('opens no session, with encryptAtRest: %s', async (encryptAtRest) => {
      const own = await start({ encryptAtRest });
      const client = own.client();
      const { id } = (await client.get('/set?value=confidential')).json;
      const [key] = store.keys;
      const [entry] = await store.entries();
      const dump = JSON.stringify({ key, entry });
      expect(key).not.toBe(id);
      expect(dump).not.toContain(id);
      expect(dump).not.toContain(client.jar.get('sid')!);
      expect(dump.includes('confidential')).toBe(!encryptAtRest);
      expect(client.jar.get('sid')).not.toContain(key);
      for (const cookie of [key, entry.text, entry.version]) {
        const answer = await own
          .client()
          .get('/read', { cookie: `sid=${encodeURIComponent(cookie)}` });
        expect(answer.json).toMatchObject({ values: {}, isNew: true });
      }
    });

    it('can be sealed later, and opened to those who may read it', async () => {
      const sealing = await start();
      const plain = await start({ encryptAtRest: false });
      const client = movedTo(plain, await begunOn(sealing));
      expect(await read(client)).toMatchObject({ values: { key: 'value' } });
      await client.get('/set?value=readable');
      expect((await store.entries())[0].text).toContain('readable');
      // Nobody may slip in a text of his own where texts are sealed.
      const again = movedTo(sealing, client);
      expect(await read(again)).toMatchObject({ isNew: true });
    });
  });

  async function begunOn(other: TestApp): Promise<Client> {
    const client = other.client();
    await client.get('/set');
    return client;
  }

  describe('under a new key', () => {
    it('is sealed again, its entry and its cookie, and opens without the old one', async () => {
      const client = await begunOn(app);
      const [before] = await store.entries();
      const rotating = await start({ secret: [NEWER, SECRET] });
      const rotated = movedTo(rotating, client);
      const answer = await rotated.get('/read');
      expect(answer.json).toMatchObject({ values: { key: 'value' } });
      expect(answer.setCookies).toHaveLength(1);
      const [after] = await store.entries();
      expect(after.text).not.toBe(before.text);
      expect(after.expiresAt).toBe(before.expiresAt);
      expect((await rotated.get('/read')).setCookies).toEqual([]);
      const newest = movedTo(await start({ secret: NEWER }), rotated);
      expect(await read(newest)).toMatchObject({ values: { key: 'value' }, isNew: false });
    });
  });

  describe('statement 53: a session without content', () => {
    it('has no entry, however often it is read', async () => {
      const answers = await visits(app.url, '/read', 1000);
      expect(answers.filter(({ isNew }) => isNew)).toHaveLength(1000);
      expect(store.takeCalls()).toEqual([]);
    });
  });

  describe('a session that is only read', () => {
    it('statement 38: is touched once in a tenth of its idle time, and not written', async () => {
      const client = await begunOn(app);
      store.takeCalls();
      let now = Date.now();
      jest.spyOn(Date, 'now').mockImplementation(() => now);
      const tenth = 3 * 24 * HOUR;
      for (let i = 0; i < 100; i++) {
        now += tenth / 20;
        expect(await read(client)).toMatchObject({ values: { key: 'value' } });
      }
      const calls = store.takeCalls();
      expect(calls.filter((call) => call === 'touch')).toHaveLength(5);
      expect(calls.filter((call) => call !== 'touch')).toEqual(
        Array.from({ length: 100 }, () => 'read'),
      );
    });
  });

  describe('a session of a maxAge of its own', () => {
    it('lives in the store as long as it says, and is taken out where that is negative', async () => {
      const client = app.client();
      await client.get('/remember');
      const [{ expiresAt }] = await store.entries();
      expect(expiresAt - Date.now()).toBeGreaterThan(89 * 24 * HOUR);
      const answer = await client.get('/forget');
      expect(attributes(answer.setCookies[0])['max-age']).toBe('0');
      expect(await store.entries()).toEqual([]);
    });
  });

  describe('commitOn', () => {
    it.each<[string, SessionOptions['commitOn'], Record<number, string>]>([
      ['nothing said', undefined, { 404: '404', 500: 'value' }],
      ["'always'", 'always', { 404: '404', 500: '500' }],
      ['a function', (status) => status !== 404, { 404: 'value', 500: '500' }],
    ])('decides what the store is given: %s', async (_what, commitOn, expected) => {
      const own = await start({ commitOn });
      for (const [status, key] of Object.entries(expected)) {
        const client = await begunOn(own);
        expect((await client.get(`/fail/${status}`)).status).toBe(Number(status));
        expect(await read(client)).toMatchObject({ values: { key } });
      }
    });
  });

  describe('statement 62: an object that one request has changed', () => {
    it('is what it was for the next, where the change was not kept', async () => {
      const client = app.client();
      await client.get('/cart');
      expect((await client.get('/nested')).status).toBe(500);
      expect(await read(client)).toMatchObject({ values: { cart: ['first'] } });
    });
  });

  describe('a session beyond maxStoreBytes', () => {
    it('is a 500 that names its largest keys, and the store keeps what it had', async () => {
      const own = await start({ maxStoreBytes: 500 });
      const client = await begunOn(own);
      expect((await client.get('/large')).status).toBe(500);
      expect(takeLogs().errors.join()).toMatch(
        /needs \d+ bytes in its store; 500 fit \(maxStoreBytes\).*of-300 \(302 bytes\), of-200 \(202 bytes\), of-100/,
      );
      expect(await read(client)).toMatchObject({ values: { key: 'value' } });
    });
  });

  describe('beside a session in its cookie', () => {
    it('has its own place, and is not written where the other does not fit', async () => {
      const both = await startApp(place, {
        controllers: [StoreController],
        session: [
          { name: 'sid', store },
          { name: 'cookie', store: undefined },
        ],
      });
      const client = both.client();
      expect((await client.get('/two?bytes=5000')).status).toBe(500);
      expect(client.jar.size).toBe(0);
      expect(store.takeCalls()).toEqual([]);
      await client.get('/two');
      expect([...client.jar.keys()].toSorted()).toEqual(['cookie', 'sid']);
      expect(await both.sessions.read(client.jar.get('sid')!)).toEqual({ key: 'in the store' });
      expect(both.sessions.unseal(client.jar.get('cookie')!, { name: 'cookie' })).toEqual({
        filling: 'x'.repeat(10),
      });
    });
  });

  describe('request.session', () => {
    it('names the ways to open it, where nobody has', async () => {
      const client = await begunOn(app);
      const { code, message } = (await client.get('/request')).json;
      expect(code).toBe('SESSION_UNAVAILABLE');
      expect(message).toMatch(
        /@Session\(\).*sessions\.get\(context\).*sessions\.get\(request, response\)/,
      );
    });

    it.each(['guarded', 'middleware'])('is the session once it is open: %s', async (path) => {
      const client = await begunOn(app);
      expect((await client.get(`/${path}`)).json).toEqual({ values: { key: 'value' } });
    });
  });

  describe('that must not go over a plain connection', () => {
    it('statement 84: has no cookie there and no entry, and one warning', async () => {
      const own = await start({ cookie: { secure: true } });
      for (let i = 0; i < 2; i++) {
        const answer = await own.client().get('/set');
        expect([answer.status, answer.setCookies]).toEqual([200, []]);
      }
      expect(store.takeCalls()).toEqual([]);
      expect(takeLogs().warnings).toEqual([expect.stringContaining('secure')]);
    });
  });

  describe('in a store that does not compare and write in one step', () => {
    it('is warned of once', async () => {
      const { store: real } = store;
      const loose = {
        atomic: false,
        read: (key: string) => real.read(key),
        write: (key: string, session: StoredSession, replaces?: string) =>
          real.write(key, session, replaces),
        touch: (key: string, expiresAt: number) => real.touch(key, expiresAt),
        remove: (key: string, version?: string) => real.remove(key, version),
      };
      const own = await start({ store: loose });
      const client = await begunOn(own);
      expect(await read(client)).toMatchObject({ values: { key: 'value' } });
      expect(takeLogs().warnings).toEqual([
        expect.stringMatching(/'sid' cannot compare and write/),
      ]);
    });
  });

  describe('SessionService', () => {
    it('begins a session, and reads that of a cookie', async () => {
      const client = app.client();
      client.jar.set('sid', await app.sessions.begin({ user: 'peter', at: new Date(0) }));
      expect(await read(client)).toMatchObject({ values: { user: 'peter' }, isNew: false });
      await client.get('/set');
      expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({
        user: 'peter',
        at: new Date(0),
        key: 'value',
      });
      expect(await app.sessions.read('forged')).toBeUndefined();
      await client.get('/destroy', { cookie: `sid=${client.jar.get('sid')}` });
      expect(await store.entries()).toEqual([]);
    });

    it('says what to use where a cookie holds no values', async () => {
      const cookie = await app.sessions.begin({ user: 'peter' });
      expect(() => app.sessions.seal({})).toThrow(/await sessions\.begin\(values\)/);
      expect(() => app.sessions.unseal(cookie)).toThrow(/await sessions\.read\(cookieValue\)/);
    });
  });
});

describeWithRedis('the commands that a session costs', () => {
  let server: RedisServer;
  let redis: ReturnType<typeof createClient>;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = createClient({ url: server.url });
    await redis.connect();
  });
  afterAll(async () => {
    await closeApps();
    redis?.destroy();
    await server?.stop();
  });

  /** What Redis has run, but for what runs within scripts. */
  async function commandsOf(act: () => Promise<unknown>): Promise<Record<string, number>> {
    await redis.configResetStat();
    await act();
    const stats = await redis.info('commandstats');
    const within = new Set(['config|resetstat', 'info', 'hget', 'hset', 'hexists', 'pexpire']);
    return Object.fromEntries(
      [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)]
        .map(([, name, count]) => [name, Number(count)] as const)
        .filter(([name]) => !within.has(name)),
    );
  }

  it.each(adapters)(
    'are one to read and one to write, and none without use: %s',
    async (adapter) => {
      const app = await startApp(adapter, {
        controllers: [StoreController],
        session: { store: new RedisSessionStore(redis) },
      });
      const client = app.client();
      // Redis learns the script.
      await client.get('/set');
      expect(await commandsOf(() => app.client().get('/set'))).toEqual({ evalsha: 1 });
      expect(await commandsOf(() => client.get('/read'))).toEqual({ hmget: 1 });
      expect(await commandsOf(() => client.get('/set?value=new'))).toEqual({
        hmget: 1,
        evalsha: 1,
      });
      expect(await commandsOf(() => client.get('/set?value=new'))).toEqual({ hmget: 1 });
      for (const path of ['/noop', '/nowhere']) {
        expect(await commandsOf(() => client.get(path))).toEqual({});
      }
      expect(await commandsOf(() => app.client().get('/read'))).toEqual({});
      expect(await commandsOf(() => client.get('/destroy'))).toEqual({ hmget: 1, unlink: 1 });
    },
  );
});
