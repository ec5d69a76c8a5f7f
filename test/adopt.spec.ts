/** Sessions of another library that become sessions of ours. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Controller, Get, Req } from '@nestjs/common';
import { Expose } from 'class-transformer';
import session from 'express-session';
import {
  MemorySessionStore,
  Session,
  SessionService,
  SessionType,
  type SessionOptions,
} from 'nestjs-typed-session';
import {
  fromExpressSession,
  fromGorilla,
  toGorilla,
  type AdopterOptions,
  type SessionAdopter,
} from 'nestjs-typed-session/adopt';
import { adapters, closeApps, isInStore, places, startApp, takeLogs } from './support/app.js';
import { attributes, type Answer, type Client } from './support/client.js';
import { holdDeadlines } from './support/deadlines.js';
import { recordEvents } from './support/session-events.js';

@SessionType('main.User')
class User {
  @Expose({ name: 'Name' }) name!: string;
  greet() {
    return `Hi ${this.name}`;
  }
}

interface Values {
  user?: unknown;
  visits?: number;
  note?: string;
}

@Controller()
class PageController {
  @Get('read') read(@Session() ss: Session<Values>) {
    return { user: ss.get('user') ?? null, isNew: ss.isNew };
  }
  @Get('greet') greet(@Session() ss: Session<{ user: User }>) {
    return ss.get('user')?.greet();
  }
  @Get('id') id(@Session() ss: Session) {
    return ss.id;
  }
  @Get('untouched') untouched() {
    return 'untouched';
  }
  @Get('fail') fail(@Session() ss: Session<Values>) {
    throw new Error(`failed for ${String(ss.get('user'))}`);
  }
  @Get('visit') async visit(@Session() ss: Session<Values>) {
    return { visits: await ss.increment('visits') };
  }
  @Get('reload') async reload(@Session() ss: Session<Values>) {
    ss.set('user', 'nobody');
    await ss.reload();
    return { user: ss.get('user') };
  }
  @Get('clear') clear(@Session() ss: Session) {
    ss.clear();
  }
  @Get('note') note(@Session() ss: Session<Values>) {
    ss.set('note', 'more');
  }
  @Get('out') async out(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('forget') forget(@Session() ss: Session) {
    ss.cookie.maxAge = -1;
  }
  @Get('property') property(@Req() request: { session: Session<Values> }) {
    return { user: request.session.get('user') ?? null };
  }
}

/** With a block key no two cookies are the same, as those of one second with the same values are. */
const OLD = { name: 'old', hashKey: 'k'.repeat(32), blockKey: 'b'.repeat(32) };
const go = toGorilla(OLD);
const {
  name: goName,
  hashKey,
  blockKey,
  cookies: written,
} = JSON.parse(readFileSync('test/fixtures/written-by-go.json', 'utf8')) as {
  name: string;
  hashKey: string;
  blockKey: string;
  cookies: Record<string, string>;
};
const writtenInGo = { name: goName, hashKey, blockKey, maxAge: 0 };

const fromOld = (options: AdopterOptions = {}) => fromGorilla({ ...options, ...OLD });

/** The deadline of a call where no `storeTimeout` is given: milliseconds. */
const DEFAULT_DEADLINE = 2000;
const deadlines = holdDeadlines(DEFAULT_DEADLINE);

/** Tells the old cookies of one test from those of another. */
let serial = 0;

/** The line that a response has for a cookie. */
const lineOf = ({ setCookies }: Answer, name: string) =>
  setCookies.find((line) => line.startsWith(`${name}=`));

const isDeletion = (line: string | undefined) =>
  line !== undefined && attributes(line)['max-age'] === '0';

/** Waits for what follows a response. */
async function eventually(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('It never came to that.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const events = recordEvents();
beforeEach(() => void takeLogs());
afterAll(closeApps);

describe.each(places)('a session that only an old cookie keeps, on %s', (place) => {
  const start = (adopt: SessionAdopter | SessionAdopter[], more: Partial<SessionOptions> = {}) =>
    startApp(place, { controllers: [PageController], session: { adopt, ...more } });

  async function browser(
    adopter: SessionAdopter = fromOld(),
    values: Values = { user: 'peter', visits: 3 },
    more: Partial<SessionOptions> = {},
  ): Promise<Client> {
    const client = (await start(adopter, more)).client();
    // Within one second the same values make the same cookie, and an earlier test may have ended it.
    const isEmpty = Object.keys(values).length === 0;
    client.jar.set('old', go.write(isEmpty ? {} : { ...values, serial: ++serial }));
    return client;
  }

  it('becomes one of ours on a route that only reads it, and the old cookie goes', async () => {
    const client = await browser();
    const answer = await client.get('/read');
    expect(answer.json).toEqual({ user: 'peter', isNew: true });
    expect(attributes(lineOf(answer, 'old')!)).toEqual({
      'max-age': '0',
      path: '/',
      expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect([...client.jar.keys()]).toEqual(['sid']);
    expect((await client.get('/read')).json).toEqual({ user: 'peter', isNew: false });
  });

  it('has a new id, and an event names the library and no value', async () => {
    const client = await browser();
    const { body: id } = await client.get('/id');
    expect(id.length).toBeGreaterThanOrEqual(24);
    const [adopted, ...others] = events.take('adopted');
    expect(others).toEqual([]);
    expect(adopted).toEqual({
      kind: 'adopted',
      session: 'sid',
      library: 'gorilla/sessions',
      idHash: events.take('created')[0].idHash,
    });
    expect((await client.get('/id')).body).toBe(id);
    expect(events.take('adopted')).toEqual([]);
  });

  it('stays as it is where nobody asks for the session', async () => {
    const client = await browser();
    expect((await client.get('/untouched')).setCookies).toEqual([]);
    expect(events.takeAll()).toEqual([]);
  });

  it('stays where the request fails', async () => {
    const client = await browser();
    expect((await client.get('/fail')).setCookies).toEqual([]);
    expect(events.take('adopted')).toEqual([]);
    expect((await client.get('/read')).json.user).toBe('peter');
  });

  it('keeps its cookie with keepOld', async () => {
    const client = await browser(fromOld({ keepOld: true }));
    const answer = await client.get('/read');
    expect(lineOf(answer, 'old')).toBeUndefined();
    expect([...client.jar.keys()].sort()).toEqual(['old', 'sid']);
    expect((await client.get('/read')).json).toEqual({ user: 'peter', isNew: false });
  });

  it('is not opened beside a session of ours, and its cookie goes', async () => {
    const app = await start(fromOld());
    const client = app.client();
    client.jar.set('sid', await app.sessions.begin({ user: 'anna' }));
    client.jar.set('old', go.write({ user: 'peter' }));
    events.takeAll();
    const answer = await client.get('/read');
    expect(answer.json).toEqual({ user: 'anna', isNew: false });
    expect(isDeletion(lineOf(answer, 'old'))).toBe(true);
    expect(events.take('adopted')).toEqual([]);
  });

  it('is asked for once, and never by a request that brings a session of ours', async () => {
    let asked = 0;
    const counting: SessionAdopter = {
      ...fromOld(),
      adopt: (...args) => (asked++, fromOld().adopt(...args)),
    };
    const client = await browser(counting);
    await client.get('/untouched');
    expect(asked).toBe(0);
    await client.get('/read');
    expect(asked).toBe(1);
    for (const path of ['/read', '/note', '/id']) expect((await client.get(path)).status).toBe(200);
    // An old cookie beside ours is not opened either.
    client.jar.set('old', go.write({ user: 'peter' }));
    await client.get('/read');
    expect(asked).toBe(1);
  });

  it('is none, and no error, where its cookie does not verify', async () => {
    const client = await browser();
    client.jar.set('old', `x${client.jar.get('old')!}`);
    const answer = await client.get('/read');
    expect(answer.json).toEqual({ user: null, isNew: true });
    expect(answer.setCookies).toEqual([]);
  });

  it('is none, with one warning, where it verifies and cannot be adopted', async () => {
    const client = (await start(fromGorilla({ ...writtenInGo, blockKey: undefined }))).client();
    client.jar.set(goName, written.complex);
    for (const _ of [1, 2]) {
      const answer = await client.get('/read');
      expect(answer.json.user).toBeNull();
      expect(answer.setCookies).toEqual([]);
      expect(events.take('rejected')).toMatchObject([{ session: 'sid', reason: 'malformed' }]);
    }
    expect(takeLogs().warnings.filter((one) => one.includes('cannot be adopted'))).toHaveLength(1);
  });

  it('ends with a sign-out, and is not adopted again from a copy of its cookie', async () => {
    for (const keepOld of [false, true]) {
      const client = await browser(fromOld({ keepOld }));
      const copy = client.jar.get('old')!;
      const answer = await client.get('/out');
      expect(isDeletion(lineOf(answer, 'old'))).toBe(true);
      expect(client.jar.size).toBe(0);
      client.jar.set('old', copy);
      const again = await client.get('/read');
      expect(again.json.user).toBeNull();
      expect(isDeletion(lineOf(again, 'old'))).toBe(true);
      expect(client.jar.size).toBe(0);
    }
  });

  it('ends with a sign-out in a later request too, where keepOld kept it', async () => {
    const client = await browser(fromOld({ keepOld: true }), { user: 'later' });
    await client.get('/read');
    const copy = client.jar.get('old')!;
    await client.get('/out');
    expect(client.jar.size).toBe(0);
    client.jar.set('old', copy);
    expect((await client.get('/read')).json.user).toBeNull();
  });

  it.each(['/forget', '/clear'])('ends with what %s does, and does not come back', async (path) => {
    for (const keepOld of [false, true]) {
      const client = await browser(fromOld({ keepOld }), { user: `${path} ${keepOld}` });
      await client.get(path);
      expect(client.jar.size).toBe(0);
      expect((await client.get('/read')).json.user).toBeNull();
    }
  });

  it('ends at adoptUntil', async () => {
    const until = new Date(Date.now() + 600);
    const client = await browser(fromOld(), { user: 'peter' }, { adoptUntil: until });
    expect((await client.get('/read')).json.user).toBe('peter');
    const late = await browser(fromOld(), { user: 'peter' }, { adoptUntil: until.toISOString() });
    await eventually(() => Date.now() > until.getTime());
    const answer = await late.get('/read');
    expect(answer.json.user).toBeNull();
    expect(answer.setCookies).toEqual([]);
  });

  it('goes on being counted, reloaded and changed as it is ours', async () => {
    const client = await browser();
    expect((await client.get('/visit')).json).toEqual({ visits: 4 });
    expect((await client.get('/visit')).json).toEqual({ visits: 5 });
    expect((await client.get('/read')).json.user).toBe('peter');
    const reloading = await browser();
    expect((await reloading.get('/reload')).json).toEqual({ user: 'peter' });
    expect((await reloading.get('/read')).json).toEqual({ user: 'peter', isNew: false });
  });

  it('has instances of registered classes, which pass the checks of their types', async () => {
    const client = (await start(fromGorilla(writtenInGo))).client();
    client.jar.set(goName, written['signed in']);
    expect((await client.get('/greet')).body).toBe('Hi Péter');
    expect((await client.get('/greet')).body).toBe('Hi Péter');
  });

  it('is looked for in each library of a list', async () => {
    const other = fromGorilla({ ...OLD, name: 'other' });
    const client = (await start([other, fromOld()])).client();
    client.jar.set('old', go.write({ user: 'peter' }));
    expect((await client.get('/read')).json.user).toBe('peter');
  });

  it('has its cookie deleted where that lies', async () => {
    const client = await browser(fromOld({ path: '/app', domain: 'example.com' }));
    expect(attributes(lineOf(await client.get('/read'), 'old')!)).toMatchObject({
      path: '/app',
      domain: 'example.com',
    });
  });

  it('gives its place to ours where both cookies have one name', async () => {
    const app = await start(fromGorilla({ ...OLD, name: 'sid' }));
    const client = app.client();
    client.jar.set('sid', toGorilla({ ...OLD, name: 'sid' }).write({ user: 'peter' }));
    const answer = await client.get('/read');
    expect(answer.json.user).toBe('peter');
    expect(answer.setCookies).toHaveLength(1);
    expect(isDeletion(answer.setCookies[0])).toBe(false);
    expect((await client.get('/read')).json).toEqual({ user: 'peter', isNew: false });
    // A copy of it, on another path, is another cookie.
    const elsewhere = (await start(fromGorilla({ ...OLD, name: 'sid', path: '/app' }))).client();
    elsewhere.jar.set('sid', toGorilla({ ...OLD, name: 'sid' }).write({ user: 'peter' }));
    const lines = (await elsewhere.get('/read')).setCookies;
    expect(lines.map((line) => [isDeletion(line), attributes(line).path])).toEqual([
      [false, '/'],
      [true, '/app'],
    ]);
  });

  it('is read by a handle without a response, and begins nothing there', async () => {
    const { sessions } = await start(fromOld());
    const headers = { cookie: `old=${go.write({ user: 'peter' })}` };
    const ss = await sessions.get<Values>({ headers });
    expect(ss.get('user')).toBe('peter');
    await expect(ss.save()).rejects.toMatchObject({ code: 'SESSION_HEADERS_SENT' });
    expect(events.take('created')).toEqual([]);
  });

  if (!isInStore(place)) {
    it('is told to request.session before it is open only where the old cookie is there', async () => {
      const app = await start(fromOld());
      const client = app.client();
      expect((await client.get('/property')).json).toEqual({ user: null });
      client.jar.set('sid', await app.sessions.begin({ user: 'anna' }));
      client.jar.set('old', go.write({ user: 'peter' }));
      expect((await client.get('/property')).json).toEqual({ user: 'anna' });
      client.jar.delete('sid');
      client.jar.set('old', go.write({ user: 'peter' }));
      takeLogs();
      expect((await client.get('/property')).status).toBe(500);
      expect(takeLogs().errors.join()).toContain('is adopted from another library');
    });

    it('is read from its old place where it does not fit into our cookie', async () => {
      const user = 'x'.repeat(400);
      const client = await browser(fromOld(), { user }, { maxCookieBytes: 300 });
      for (const _ of [1, 2]) {
        const answer = await client.get('/read');
        expect(answer.json.user).toBe(user);
        expect(answer.setCookies).toEqual([]);
      }
      expect(takeLogs().warnings.filter((one) => one.includes('does not fit'))).toHaveLength(1);
      expect((await client.get('/note')).status).toBe(500);
      expect(takeLogs().errors.join()).toContain('maxCookieBytes');
    });
  }
});

/** By a name in a variable: it has no types. */
const SIGNATURE: string = 'cookie-signature';

/** A store of express-session that can fail, or be slow to answer. */
class OldStore extends session.MemoryStore {
  mode: 'works' | 'fails' | 'hangs' = 'works';

  override get(id: string, callback: (error: unknown, found?: any) => void): void {
    if (this.mode === 'fails') callback(new Error('no connection'));
    else if (this.mode === 'works') super.get(id, callback as never);
    else deadlines.passSoon();
  }
  override destroy(id: string, callback?: (error?: unknown) => void): void {
    if (this.mode === 'works') super.destroy(id, callback);
    else if (this.mode === 'fails') callback?.(new Error('no connection'));
  }

  has(id: string): Promise<boolean> {
    return new Promise((resolve) => super.get(id, (_, found) => resolve(found != null)));
  }
}

describe.each(places)('a session in the store of express-session, on %s', (place) => {
  const SECRET = 'the secret of the old application';
  const store = new OldStore();

  beforeEach(() => {
    store.mode = 'works';
  });

  async function browser(options: AdopterOptions = {}, more: Partial<SessionOptions> = {}) {
    const { sign } = (await import(SIGNATURE)) as {
      sign: (id: string, secret: string) => string;
    };
    const id = randomUUID();
    store.set(id, { cookie: { originalMaxAge: null }, user: 'peter' } as never);
    const adopt = fromExpressSession({ ...options, secret: SECRET, store });
    const client = (
      await startApp(place, { controllers: [PageController], session: { adopt, ...more } })
    ).client();
    client.jar.set('connect.sid', encodeURIComponent(`s:${sign(id, SECRET)}`));
    return { client, id };
  }

  it('leaves that store once the response has it as ours', async () => {
    const { client, id } = await browser();
    expect((await client.get('/read')).json.user).toBe('peter');
    await eventually(async () => !(await store.has(id)));
    expect((await client.get('/read')).json.user).toBe('peter');
  });

  it('stays in it with keepOld, and where the request fails', async () => {
    const kept = await browser({ keepOld: true });
    await kept.client.get('/read');
    const failed = await browser();
    expect((await failed.client.get('/fail')).status).toBe(500);
    await failed.client.get('/untouched');
    expect(await Promise.all([kept, failed].map(({ id }) => store.has(id)))).toEqual([true, true]);
  });

  it('ends in it with a sign-out here, also with keepOld and in a later request', async () => {
    for (const path of ['/untouched', '/read']) {
      const { client, id } = await browser({ keepOld: true });
      await client.get(path);
      await client.get('/out');
      expect(await store.has(id)).toBe(false);
      expect(client.jar.size).toBe(0);
    }
  });

  it('is a 503 where that store fails, and the cookie stays', async () => {
    const { client } = await browser();
    store.mode = 'fails';
    const answer = await client.get('/read');
    expect([answer.status, answer.setCookies]).toEqual([503, []]);
    expect(events.take('failed')).toMatchObject([
      { session: 'sid', operation: 'read', error: { message: 'no connection' } },
    ]);
    store.mode = 'works';
    expect((await client.get('/read')).json.user).toBe('peter');
  });

  it('is a 503 where that store does not answer in time', async () => {
    const storeTimeout = DEFAULT_DEADLINE / 1000;
    const { client } = await browser({}, isInStore(place) ? { storeTimeout } : {});
    store.mode = 'hangs';
    expect((await client.get('/read')).status).toBe(503);
    expect(events.take('failed')).toMatchObject([
      { operation: 'read', error: { message: expect.stringContaining('storeTimeout') as string } },
    ]);
  });

  if (isInStore(place)) {
    it('is an empty session where that store fails and onStoreError says anonymous', async () => {
      const { client } = await browser({}, { onStoreError: 'anonymous' });
      store.mode = 'fails';
      expect((await client.get('/read')).json.user).toBeNull();
      expect([...client.jar.keys()]).toEqual(['connect.sid']);
    });
  }

  it('tells of a session that stays in it, since it fails after the response', async () => {
    const { client } = await browser();
    const { get } = store;
    store.get = (id, callback) => {
      get.call(store, id, (error, found) => {
        store.mode = 'fails';
        callback(error, found);
      });
    };
    try {
      expect((await client.get('/read')).json.user).toBe('peter');
      await eventually(() => events.take('failed').some((one) => one.operation === 'remove'));
    } finally {
      store.get = get;
    }
  });

  it('is no sign-out where that store cannot end it', async () => {
    const { client } = await browser({ keepOld: true });
    await client.get('/read');
    const { get } = store;
    store.mode = 'fails';
    store.get = (id, callback) => session.MemoryStore.prototype.get.call(store, id, callback);
    try {
      expect((await client.get('/out')).status).toBe(503);
    } finally {
      store.get = get;
    }
  });
});

describe.each(adapters)('an application that adopts, on %s', (adapter) => {
  it('warns in production where adoptUntil is missing', async () => {
    const { NODE_ENV } = process.env;
    process.env.NODE_ENV = 'production';
    try {
      await startApp(adapter, { session: { adopt: fromOld() } });
      expect(takeLogs().warnings.join()).toContain('adopts the sessions of gorilla/sessions');
      await startApp(adapter, { session: { adopt: fromOld(), adoptUntil: '2099-01-01' } });
      expect(takeLogs().warnings.join()).not.toContain('adopts');
    } finally {
      process.env.NODE_ENV = NODE_ENV;
    }
  });

  it('does not boot where an adopter cannot be prepared', async () => {
    const adopt: SessionAdopter = {
      ...fromOld(),
      prepare: async () => {
        throw new Error('npm install it');
      },
    };
    await expect(startApp(adapter, { session: { adopt } })).rejects.toThrow('npm install it');
  });
});

describe('wrong options', () => {
  it.each([
    [{ adopt: null }, 'adopt is not allowed'],
    [{ adopt: [] }, 'adopt is not allowed'],
    [{ adopt: { library: 'x' } }, 'adopt is not allowed'],
    [{ adoptUntil: '2026-01-01' }, "adoptUntil is '2026-01-01'; allowed: only with adopt."],
    [{ adopt: fromOld(), adoptUntil: 'soon' }, "adoptUntil is 'soon'"],
    [{ adopt: fromOld(), adoptUntil: '2026-13-45' }, "adoptUntil is '2026-13-45'"],
    [{ adopt: fromOld(), adoptUntil: 5 }, 'adoptUntil is 5'],
    [{ adopt: fromOld(), adoptUntil: new Date('x') }, 'adoptUntil is Invalid Date'],
    [{ adopt: fromOld({ keepOld: true }), name: 'old' }, "name is 'old'"],
  ])('are refused at boot: %j', (options, message) => {
    const make = () => new SessionService({ secret: 's'.repeat(32), ...(options as object) });
    expect(make).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
    expect(make).toThrow(message);
  });
});

describe('a session without Nest', () => {
  it('is adopted too, since an adopter prepares itself', async () => {
    const store = new MemorySessionStore();
    const sessions = new SessionService({ secret: 's'.repeat(32), store, adopt: fromOld() });
    const headers = { cookie: `old=${go.write({ user: 'peter' })}` };
    expect((await sessions.get<Values>({ headers })).get('user')).toBe('peter');
  });
});
