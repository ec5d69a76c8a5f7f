/** Who is signed in where: sessions with an owner, and the registry that knows them. */
import { jest } from '@jest/globals';
import { Controller, Delete, Get, Header, Inject, Param, Query } from '@nestjs/common';
import { type ListedSession, RequireFresh, Session, SessionService } from 'nestjs-typed-session';
import { closeApps, isInStore, takeLogs, type TestApp } from './support/app.js';
import type { Client } from './support/client.js';
import { Latches } from './support/latch.js';
import { registryPlaces, startRegistryApp } from './support/registries.js';
import { recordEvents } from './support/session-events.js';

const MINUTE = 60_000;
const latches = new Latches();

@Controller()
class SignInController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('visit') visit(@Session() ss: Session) {
    ss.set('visited', true);
  }
  @Get('sign-in/:owner') async signIn(
    @Session() ss: Session,
    @Param('owner') owner: string,
    @Query('label') label?: string,
  ) {
    await ss.regenerate(label === undefined ? { owner } : { owner, label });
    ss.set('cart', 1);
    return { owner: ss.owner, authenticatedAt: ss.authenticatedAt, id: ss.id };
  }
  @Get('slow-sign-in/:owner') async slowSignIn(
    @Session() ss: Session,
    @Param('owner') owner: string,
  ) {
    await ss.regenerate({ owner });
    await latches.of('slow').wait();
  }
  @Get('failing-sign-in/:owner') async failingSignIn(
    @Session() ss: Session,
    @Param('owner') owner: string,
  ) {
    await ss.regenerate({ owner });
    throw new Error('the response is a 500');
  }
  @Get('me') me(@Session() ss: Session) {
    const { owner, authenticatedAt, values } = ss;
    return { owner: owner ?? null, authenticatedAt: authenticatedAt ?? null, values };
  }
  @Get('set/:value') set(@Session() ss: Session, @Param('value') value: string) {
    ss.set('value', value);
  }
  @Get('csrf') csrf(@Session() ss: Session) {
    ss.set('csrfSecret', 'planted');
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await ss.regenerate();
    return { id: ss.id };
  }
  @Get('same-owner') async sameOwner(@Session() ss: Session) {
    await ss.regenerate({ owner: ss.owner! });
  }
  @Get('sign-out') async signOut(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('sign-out-and-clear')
  @Header('Clear-Site-Data', '"cache", "storage"')
  async signOutAndClear(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('slow/:what') async slow(@Session() ss: Session, @Param('what') what: string) {
    const { owner } = ss;
    await latches.of('slow').wait();
    if (what === 'set') ss.set('value', 'late');
    if (what === 'sign-out') await ss.destroy();
    if (what === 'regenerate') await ss.regenerate();
    return { owner: owner ?? null };
  }
  @Get('slow-reload/:before') async slowReload(
    @Session() ss: Session,
    @Param('before') before: string,
  ) {
    await latches.of('slow').wait();
    if (before === 'save') ss.set('value', 'saved');
    if (before === 'move') await ss.regenerate();
    if (before !== 'nothing') await ss.save();
    await ss.reload();
    return { owner: ss.owner ?? null, values: ss.values };
  }
  @Get('sessions') list(@Session() ss: Session) {
    return this.sessions.list(ss.owner!);
  }
  @Delete('sessions/others') async endOthers(@Session() ss: Session) {
    return { ended: await this.sessions.endAll(ss.owner!, { except: ss }) };
  }
  @Delete('sessions/:ref') async end(@Session() ss: Session, @Param('ref') ref: string) {
    return { ended: await this.sessions.end(ss.owner!, ref) };
  }
  @Get('order') @RequireFresh('5 minutes') order() {
    return 'ordered';
  }
  @Get('password') async password(@Session() ss: Session) {
    await ss.reauthenticate();
  }
}

@Controller('strict')
@RequireFresh('5 minutes')
class StrictController {
  @Get() strict() {
    return 'strict';
  }
  @Get('lenient') @RequireFresh('1 hour') lenient() {
    return 'lenient';
  }
}

let owners = 0;

describe.each(registryPlaces)('on $title', (place) => {
  let app: TestApp;
  let owner: string;
  const events = recordEvents();

  beforeAll(async () => {
    app = await startRegistryApp(place, {
      controllers: [SignInController, StrictController],
      session: { csrfKey: 'csrfSecret' },
    });
  });
  beforeEach(() => {
    owner = `u${++owners}`;
    latches.renew();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    takeLogs();
  });
  afterAll(closeApps);

  async function signedIn(as = owner, label?: string): Promise<Client> {
    const client = app.client();
    await client.get('/visit');
    const answer = await client.get(
      `/sign-in/${as}${label === undefined ? '' : `?label=${label}`}`,
    );
    expect(answer.status).toBe(200);
    return client;
  }
  const copyOf = (client: Client) => {
    const copy = app.client();
    for (const [name, value] of client.jar) copy.jar.set(name, value);
    return copy;
  };
  const ownerOf = async (client: Client) => (await client.get('/me')).json.owner;
  const later = (milliseconds: number) => {
    const now = Date.now() + milliseconds;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  };
  const begin = async (client: Client, path: string) => {
    const answer = client.get(path);
    await latches.of('slow').reached;
    return () => {
      latches.of('slow').open();
      return answer;
    };
  };

  describe('a sign-in', () => {
    it('binds the session to its owner, under a new id, with its values', async () => {
      const client = app.client();
      await client.get('/visit');
      const before = copyOf(client);
      const { json } = await client.get(`/sign-in/${owner}`);
      expect(json.owner).toBe(owner);
      expect(Math.abs(Date.parse(json.authenticatedAt) - Date.now())).toBeLessThan(10_000);
      expect((await client.get('/me')).json).toEqual({
        owner,
        authenticatedAt: json.authenticatedAt,
        values: { visited: true, cart: 1 },
      });
      expect(await ownerOf(before)).toBeNull();
    });

    it('is undone where its response is a 500', async () => {
      const client = app.client();
      expect((await client.get(`/failing-sign-in/${owner}`)).status).toBe(500);
      expect(client.jar.size).toBe(0);
      expect(await app.sessions.list(owner)).toEqual([]);
    });

    it('of another owner ends that of the first', async () => {
      const client = await signedIn();
      await client.get(`/sign-in/${owner}-other`);
      expect(await ownerOf(client)).toBe(`${owner}-other`);
      expect(await app.sessions.list(owner)).toEqual([]);
    });
  });

  describe('statement 22: a new id', () => {
    it.each(['regenerate', 'same-owner'])(
      'keeps the values, and replaces the CSRF secret: /%s',
      async (path) => {
        const client = await signedIn();
        await client.get('/csrf');
        await client.get(`/${path}`);
        const { values } = (await client.get('/me')).json;
        expect(values).toEqual({
          visited: true,
          cart: 1,
          csrfSecret: expect.stringMatching(/^[\w-]{24,}$/) as string,
        });
        expect((await client.get('/me')).json.values).toEqual(values);
      },
    );

    it('of a sign-in replaces the CSRF secret of the visitor', async () => {
      const client = app.client();
      await client.get('/csrf');
      await client.get(`/sign-in/${owner}`);
      const { csrfSecret } = (await client.get('/me')).json.values;
      expect(csrfSecret).toMatch(/^[\w-]{24,}$/);
    });

    it('makes no CSRF secret where there was none', async () => {
      const client = await signedIn();
      await client.get('/regenerate');
      expect((await client.get('/me')).json.values).toEqual({ visited: true, cart: 1 });
    });
  });

  describe('statement 23: a copy of a cookie', () => {
    it('opens nothing after the sign-out', async () => {
      const client = await signedIn();
      const copy = copyOf(client);
      expect(await ownerOf(copy)).toBe(owner);
      await client.get('/sign-out');
      expect((await copy.get('/me')).json).toEqual({
        owner: null,
        authenticatedAt: null,
        values: {},
      });
    });

    it('opens nothing after a new id', async () => {
      const client = await signedIn();
      const copy = copyOf(client);
      await client.get('/regenerate');
      expect(await ownerOf(client)).toBe(owner);
      expect(await ownerOf(copy)).toBeNull();
    });

    it('opens nothing where another owner signs in with the session', async () => {
      const client = await signedIn();
      const copy = copyOf(client);
      await client.get(`/sign-in/${owner}-other`);
      expect(await ownerOf(copy)).toBeNull();
    });
  });

  describe('statement 27: "sign out everywhere else"', () => {
    it('ends every other session of the owner, and keeps the current one', async () => {
      const [current, ...others] = [await signedIn(), await signedIn(), await signedIn()];
      const stranger = await signedIn(`${owner}-other`);
      expect((await current.send('DELETE', '/sessions/others')).json).toEqual({ ended: 2 });
      expect(await ownerOf(current)).toBe(owner);
      expect(await Promise.all(others.map(ownerOf))).toEqual([null, null]);
      expect(await ownerOf(stranger)).toBe(`${owner}-other`);
    });
  });

  describe('statement 28: a session of another user', () => {
    it('is not ended by its ref', async () => {
      const client = await signedIn();
      const stranger = await signedIn(`${owner}-other`);
      const [{ ref }] = await app.sessions.list(owner);
      expect((await stranger.send('DELETE', `/sessions/${ref}`)).json).toEqual({ ended: false });
      expect(await ownerOf(client)).toBe(owner);
      expect(await app.sessions.end(owner, 'no such ref')).toBe(false);
      expect(await app.sessions.end(owner, ref)).toBe(true);
      expect(await app.sessions.end(owner, ref)).toBe(false);
      expect(await ownerOf(client)).toBeNull();
    });
  });

  describe('statement 29: an administrator', () => {
    it('ends all sessions of a user with their next request', async () => {
      const clients = [await signedIn(), await signedIn()];
      expect(await app.sessions.endAll(owner)).toBe(2);
      expect(await Promise.all(clients.map(ownerOf))).toEqual([null, null]);
      const again = await signedIn();
      expect(await ownerOf(again)).toBe(owner);
      expect(await app.sessions.endAll(owner)).toBe(1);
      expect(await app.sessions.endAll(owner)).toBe(0);
    });
  });

  describe('statement 30: the list', () => {
    it('shows times, label and the current one, and nothing that opens a session', async () => {
      const first = await signedIn(owner, 'Firefox');
      const second = await signedIn();
      const answer = await second.get('/sessions');
      const listed = answer.json as ListedSession[];
      expect(listed).toHaveLength(2);
      expect(Object.fromEntries(listed.map((one) => [`${one.label}`, one.isCurrent]))).toEqual({
        Firefox: false,
        undefined: true,
      });
      for (const { ref, ...one } of listed) {
        expect(ref).toMatch(/^[\w-]{22}$/);
        const { createdAt, lastUsedAt, expiresAt } = one as unknown as Record<string, string>;
        expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.parse(lastUsedAt));
        expect(Date.parse(expiresAt) - Date.parse(lastUsedAt)).toBe(30 * 24 * 60 * MINUTE);
        const client = app.client();
        client.jar.set('sid', ref);
        expect(await ownerOf(client)).toBeNull();
      }
      const { id } = (await first.get('/regenerate')).json;
      expect(answer.body).not.toContain(id);
      expect(JSON.stringify(await app.sessions.list(owner))).not.toContain(id);
    });

    it('keeps the ref of a session that gets a new id', async () => {
      const client = await signedIn();
      const [{ ref }] = await app.sessions.list(owner);
      await client.get('/regenerate');
      await client.get(`/sign-in/${owner}`);
      expect((await client.get('/sessions')).json).toMatchObject([{ ref, isCurrent: true }]);
    });

    it('shows the last use, by a tenth of the idle time', async () => {
      const client = await signedIn();
      const [before] = await app.sessions.list(owner);
      later(2 * 24 * 60 * MINUTE);
      await client.get('/me');
      expect((await app.sessions.list(owner))[0]).toEqual(before);
      later(2 * 24 * 60 * MINUTE);
      await client.get('/me');
      const [after] = await app.sessions.list(owner);
      expect(after.lastUsedAt).toEqual(new Date(Date.now()));
      expect(await ownerOf(client)).toBe(owner);
    });
  });

  it('statement 31: a sign-out may send Clear-Site-Data beside the deletion of its cookie', async () => {
    const client = await signedIn();
    const copy = copyOf(client);
    const answer = await client.get('/sign-out-and-clear');
    expect(answer.headers['clear-site-data']).toBe('"cache", "storage"');
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=; Max-Age=0;/)]);
    expect(client.jar.size).toBe(0);
    expect(await ownerOf(copy)).toBeNull();
  });

  describe('statement 25: a request that began before', () => {
    it.each(['set', 'regenerate'])('a sign-out brings nothing back: %s', async (what) => {
      const client = await signedIn();
      const slow = copyOf(client);
      const finish = await begin(slow, `/slow/${what}`);
      await client.get('/sign-out');
      const answer = await finish();
      expect(answer.json).toEqual({ owner });
      expect(answer.setCookies).toEqual([]);
      expect(await ownerOf(slow)).toBeNull();
      expect(await app.sessions.list(owner)).toEqual([]);
      expect(events.take('dropped')).toHaveLength(1);
    });

    it('a new id does not take its place', async () => {
      const client = await signedIn();
      const slow = copyOf(client);
      const finish = await begin(slow, '/slow/set');
      await client.get('/regenerate');
      expect((await finish()).setCookies).toEqual([]);
      expect(await ownerOf(client)).toBe(owner);
      expect(events.take('dropped')).toHaveLength(1);
    });
  });

  describe('a request that reloads its session', () => {
    const nothing = { owner: null, values: {} };

    it('finds nothing where it was ended elsewhere', async () => {
      const client = await signedIn();
      const finish = await begin(client, '/slow-reload/nothing');
      await app.sessions.endAll(owner);
      const answer = await finish();
      expect(answer.json).toEqual(nothing);
      expect(answer.setCookies).toEqual([]);
    });

    it('finds it where it was not', async () => {
      const client = await signedIn();
      const found = await (await begin(client, '/slow-reload/nothing'))();
      expect(found.json).toEqual({ owner, values: { visited: true, cart: 1 } });
    });

    it.each([
      ['saved before', 'save', { visited: true, cart: 1, value: 'saved' }],
      ['gave a new id before', 'move', { visited: true, cart: 1 }],
    ])('finds what it %s', async (_, what, values) => {
      const client = await signedIn();
      const found = await (await begin(client, `/slow-reload/${what}`))();
      expect(found.json).toEqual({ owner, values });
      expect(await ownerOf(client)).toBe(owner);
    });
  });

  it('a sign-out that a new id of another request overtakes ends the session too', async () => {
    const client = await signedIn();
    const slow = copyOf(client);
    const finish = await begin(slow, '/slow/sign-out');
    await client.get('/regenerate');
    await finish();
    expect(await ownerOf(client)).toBeNull();
  });

  it('a sign-in that began before endAll is ended by it', async () => {
    const client = app.client();
    const finish = await begin(client, `/slow-sign-in/${owner}`);
    await app.sessions.endAll(owner);
    await finish();
    expect(await ownerOf(client)).toBeNull();
  });

  describe('statement 82: @RequireFresh', () => {
    it('refuses a sign-in that is older, and allows it after the password', async () => {
      const client = await signedIn();
      expect((await client.get('/order')).body).toBe('ordered');
      later(5 * MINUTE + 1000);
      const refused = await client.get('/order');
      expect([refused.status, refused.json.code]).toEqual([401, 'SESSION_STALE']);
      await client.get('/password');
      expect((await client.get('/order')).body).toBe('ordered');
      expect(await ownerOf(client)).toBe(owner);
    });

    it('refuses who never signed in', async () => {
      const client = app.client();
      expect((await client.get('/order')).status).toBe(401);
      await client.get('/visit');
      expect((await client.get('/order')).json.code).toBe('SESSION_STALE');
    });

    it('stands on a class too, and what its handler says counts first', async () => {
      const client = await signedIn();
      later(10 * MINUTE);
      expect((await client.get('/strict')).status).toBe(401);
      expect((await client.get('/strict/lenient')).body).toBe('lenient');
    });
  });

  describe('statement 80: an event', () => {
    it('tells of each session that was ended from elsewhere, by the hash of its id', async () => {
      const client = await signedIn();
      await client.get('/set/value');
      const [{ idHash }] = events.take('committed').slice(-1);
      const copy = copyOf(client);
      await app.sessions.endAll(owner);
      expect(events.take('revoked')).toEqual([{ kind: 'revoked', session: 'sid', idHash }]);
      await copy.get('/me');
      expect(events.take('rejected')).toEqual([
        { kind: 'rejected', session: 'sid', reason: 'revoked', idHash },
      ]);
    });

    it('tells of a cookie that is refused: bad seal, expired, unknown id', async () => {
      const client = await signedIn();
      const sealed = client.jar.get('sid')!;
      const refusalOf = async (cookie: string) => {
        const other = app.client();
        other.jar.set('sid', cookie);
        events.takeAll();
        await other.get('/me');
        return events.take('rejected');
      };
      const idHash = expect.any(String) as unknown;
      const last = sealed.length - 10;
      const flipped = sealed[last] === 'A' ? 'B' : 'A';
      const badSeal = `${sealed.slice(0, last)}${flipped}${sealed.slice(last + 1)}`;
      expect(await refusalOf(badSeal)).toEqual([
        { kind: 'rejected', session: 'sid', reason: 'bad-seal' },
      ]);
      await client.get('/sign-out');
      const unknown = isInStore(place.place) ? 'unknown-id' : 'revoked';
      expect(await refusalOf(sealed)).toEqual([
        { kind: 'rejected', session: 'sid', reason: unknown, idHash },
      ]);
      const visitor = app.client();
      await visitor.get('/visit');
      later(31 * 24 * 60 * MINUTE);
      // A store may have forgotten it by then.
      const reason = isInStore(place.place) ? /^(expired|unknown-id)$/ : /^expired$/;
      expect(await refusalOf(visitor.jar.get('sid')!)).toEqual([
        {
          kind: 'rejected',
          session: 'sid',
          reason: expect.stringMatching(reason) as unknown,
          idHash,
        },
      ]);
    });
  });
});
