/** What other session libraries wrote, each by itself in today's version, is opened here. */
import { jest } from '@jest/globals';
import type { AdoptedSession, SessionAdopter } from 'nestjs-typed-session/adopt';
import { cookieValues } from '../../lib/http/cookie-header.js';
import { describeWithPostgres } from '../support/postgres-server.js';
import { describeWithRedis } from '../support/redis-server.js';
import { describeWithLibraries } from './libraries.js';
import {
  CONNECT_PG_SIMPLE,
  CONNECT_REDIS,
  OLD_LIBRARIES,
  VALUES,
  type OldApplication,
  type OldLibrary,
} from './old-applications.js';

/** A browser's cookies, by their names. */
type Jar = Map<string, string>;

const headerOf = (jar: Jar) => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

const adopt = (adopter: SessionAdopter, header: string) =>
  adopter.adopt((name) => cookieValues(header, name));

async function signIn({ url }: OldApplication): Promise<Jar> {
  const response = await fetch(`${url}/sign-in`);
  await response.text();
  const pairs = response.headers.getSetCookie().map((line) => line.split(';')[0]);
  return new Map(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

async function me({ url }: OldApplication, jar: Jar): Promise<string> {
  return (await fetch(`${url}/me`, { headers: { cookie: headerOf(jar) } })).text();
}

/** What each old library has to stand for. */
function promises(old: OldLibrary): void {
  let app: OldApplication;
  let jar: Jar;
  beforeAll(async () => {
    app = await old.start();
    jar = await signIn(app);
  }, 180_000);
  afterAll(() => app?.close());
  afterEach(() => jest.restoreAllMocks());

  const open = (header = headerOf(jar), adopter = app.adopter('newest')) => adopt(adopter, header);
  const withValue = (name: string, value: string) => headerOf(new Map(jar).set(name, value));

  it('opens what it wrote', async () => {
    expect(await me(app, jar)).toBe('Péter');
    const session = (await open())!;
    expect({ ...session.values }).toEqual(VALUES);
    expect(session.fingerprint).toMatch(/^[\w-]{43}$/);
    expect(typeof session.end).toBe(old.hasStore ? 'function' : 'undefined');
  });

  it('names its cookies, and nothing but them', () => {
    const { library, cookies } = app.adopter('newest', { path: '/app', domain: 'example.com' });
    expect(library).toBe(old.library);
    const names = cookies.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...jar.keys()]));
    expect(cookies[0]).toEqual({
      name: old.name,
      path: '/app',
      domain: 'example.com',
      secure: false,
    });
  });

  it('is found among other cookies, and behind one of its name that does not open', async () => {
    const sent = headerOf(jar);
    expect(await open(`a=1; ${sent}; b=2`)).toBeDefined();
    expect(await open(`${old.name}=nothing; ${sent}; ${old.name}=more`)).toBeDefined();
    expect(await open('')).toBeUndefined();
  });

  it('opens with an older secret of the list, and with no other', async () => {
    expect(await open(headerOf(jar), app.adopter('rotated'))).toBeDefined();
    expect(await open(headerOf(jar), app.adopter('foreign'))).toBeUndefined();
  });

  it('is no session where a single bit was flipped (statement 6)', async () => {
    const adopter = app.adopter('newest');
    const fingerprint = (await open())!.fingerprint;
    for (const [name, value] of jar) {
      const step = Math.max(1, Math.floor(value.length / 60));
      for (let at = 0; at < value.length; at += step) {
        const flipped = String.fromCharCode(value.charCodeAt(at) ^ (at % 2 === 0 ? 1 : 2));
        const header = withValue(name, value.slice(0, at) + flipped + value.slice(at + 1));
        const session = await open(header, adopter);
        // Some texts stand for the same bytes: those are the same session, and none besides is one.
        expect(session?.fingerprint ?? fingerprint).toBe(fingerprint);
      }
    }
  });

  it('is no session where the value is nonsense, and no error (statement 7)', async () => {
    const adopter = app.adopter('newest');
    const value = jar.get(old.name)!;
    const bad = [
      '',
      value.slice(0, -3),
      value.slice(0, value.length / 2),
      value + value,
      'x'.repeat(100_000),
      value.repeat(200),
      'Jos\u00e9',
      '%00',
      '%',
      '%E0%A4%A',
      's:',
      's:.',
      '.',
      ';',
      '{}',
      '{"user":{}}',
      'null',
      '__proto__',
      'constructor',
      'Fe26.2*constructor*a*b*c**d*e*f',
      'bnVsbA==',
    ];
    for (const one of bad) {
      expect(await open(withValue(old.name, one), adopter)).toBeUndefined();
    }
  });

  it('takes no longer over what is long or often there (statement 7)', async () => {
    const adopter = app.adopter('newest');
    const timed = async (header: string) => {
      const start = process.hrtime.bigint();
      for (let round = 0; round < 20; round++) await open(header, adopter);
      return Number(process.hrtime.bigint() - start);
    };
    const valid = headerOf(jar);
    await timed(valid);
    const usual = Math.min(await timed(valid), await timed(valid));
    const long = `${old.name}=${'A'.repeat(100_000)}`;
    expect(Math.min(await timed(long), await timed(long))).toBeLessThan(usual * 10);
    // As many as Node lets into the headers of a request.
    const one = `${old.name}=${jar.get(old.name)!.slice(1)}; `;
    const often = one.repeat(Math.floor(16_000 / one.length));
    expect(Math.min(await timed(often), await timed(often))).toBeLessThan(usual * 10);
  });

  if (old.bindsName) {
    it('is no session under another name (statement 9)', async () => {
      const renamed = new Map([...jar].map(([name, value]) => [name.replace(/^\w+/, 'b'), value]));
      const session = await open(headerOf(renamed), app.adopter('newest', { name: 'b' }));
      expect(session).toBeUndefined();
    });
  }

  if (old.seconds !== undefined) {
    it('is no session once it has expired there', async () => {
      const now = Date.now();
      const clock = jest.spyOn(Date, 'now');
      clock.mockReturnValue(now + (old.seconds! - 60) * 1000);
      expect(await open()).toBeDefined();
      clock.mockReturnValue(now + (old.seconds! + 61) * 1000);
      expect(await open()).toBeUndefined();
      // A store in memory has forgotten it.
      clock.mockRestore();
      jar = await signIn(app);
    });
  }

  it('hands its values to map, which may rename them, or say that there is no session', async () => {
    const renamed = app.adopter('newest', { map: ({ user }) => ({ account: user }) });
    expect({ ...(await open(headerOf(jar), renamed))!.values }).toEqual({ account: VALUES.user });
    const none = app.adopter('newest', { map: () => undefined });
    expect(await open(headerOf(jar), none)).toBeUndefined();
  });

  it('tells the same session by the same fingerprint, and another by another', async () => {
    const [one, again] = [(await open())!, (await open())!];
    const other = (await open(headerOf(await signIn(app))))!;
    expect(again.fingerprint).toBe(one.fingerprint);
    // The cookie alone says what a session is, where no id and no time is in it.
    if (old.library !== 'cookie-session') expect(other.fingerprint).not.toBe(one.fingerprint);
  });

  if (old.hasStore) {
    it('is signed out there once it was ended', async () => {
      const another = await signIn(app);
      await ((await open(headerOf(another))) as AdoptedSession).end!();
      expect(await open(headerOf(another))).toBeUndefined();
      expect(await me(app, another)).toBe('signed out');
      expect(await me(app, jar)).toBe('Péter');
    });
  }
}

describeWithLibraries('sessions of other libraries', () => {
  describe.each(OLD_LIBRARIES)('$title', (old) => {
    promises(old);
  });

  describeWithRedis(CONNECT_REDIS.title, () => {
    // Redis has a clock of its own.
    promises({ ...CONNECT_REDIS, seconds: undefined });
  });

  describeWithPostgres(CONNECT_PG_SIMPLE.title, () => {
    promises(CONNECT_PG_SIMPLE);
  });
});
