import { Controller, Get } from '@nestjs/common';
import fc from 'fast-check';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Session } from 'nestjs-typed-session';
import { places, closeApps, SECRET, startApp, takeLogs, type TestApp } from './support/app.js';
import { Xaes256Gcm } from '../lib/seal/xaes-256-gcm.js';

@Controller()
class CookieController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
  }
  @Get('read') read(@Session() ss: Session) {
    return { key: ss.get('key') ?? null, isNew: ss.isNew };
  }
  @Get('fail') fail(@Session() ss: Session) {
    (ss.get('list') as string[]).push('changed in vain');
    ss.set('key', 'changed in vain');
    throw new Error('This one is meant.');
  }
  @Get('list') list(@Session() ss: Session) {
    return ss.values;
  }
}

const EMPTY = { key: null, isNew: true };
const VALID = { key: 'value', isNew: false };

/** How many bytes each decryption was given that is entered at once. */
function decryptionsOf(run: () => unknown): number[] {
  const bytes: number[] = [];
  const { decrypt } = Xaes256Gcm.prototype;
  Xaes256Gcm.prototype.decrypt = function (this: Xaes256Gcm, ...args) {
    bytes.push(args[1].length);
    return decrypt.apply(this, args);
  };
  try {
    run();
  } finally {
    Xaes256Gcm.prototype.decrypt = decrypt;
  }
  return bytes;
}

describe.each(places)('a cookie that comes in on %s', (place) => {
  let app: TestApp;
  let token: string;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [CookieController] });
    token = await app.sessions.begin({ key: 'value' });
  });
  afterAll(closeApps);

  const read = async (cookie: string) => {
    const answer = await app.client().get('/read', { cookie });
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toEqual([]);
    return answer.json as unknown;
  };

  it('opens, again and again', async () => {
    for (let time = 0; time < 4; time++) expect(await read(`sid=${token}`)).toEqual(VALID);
  });

  it.each<[string, (token: string) => string]>([
    ['empty', () => ''],
    ['cut', (t) => t.slice(0, -1)],
    ['cut short', (t) => t.slice(0, 10)],
    ['doubled', (t) => t + t],
    ['of another version', (t) => `2${t.slice(1)}`],
    ['of another key', (t) => `${t[0]}${t[1] === 'A' ? 'B' : 'A'}${t.slice(2)}`],
    ['non-ASCII', () => 'sitzung-\u00e4\u00f6\u00fc'],
    ['a NUL, encoded', () => '%00'],
    ['badly encoded', () => '%E0%A4%A'],
    ['JSON', () => '{"user":"admin"}'],
    ['a cookie of express-session', () => 's%3AabcDEF.ghiJKL'],
    ['a prototype', () => '__proto__'],
    ['12 kB long', () => 'A'.repeat(12_000)],
    ['12 kB long behind a true beginning', (t) => t + 'A'.repeat(12_000)],
    ['quoted', (t) => `"${t}"`],
  ])('is a new session, with the usual answer and nothing set, where it is %s', async (_, bad) => {
    expect(await read(`sid=${bad(token)}`)).toEqual(EMPTY);
  });

  it('statement 6: is a new session where it is damaged in any way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }),
        fc.integer({ min: 0, max: 63 }),
        async (at, char) => {
          const other = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[char];
          fc.pre(token[at] !== other);
          const damaged = token.slice(0, at) + other + token.slice(at + 1);
          expect(await read(`sid=${damaged}`)).toEqual(EMPTY);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each<[string, (token: string) => string]>([
    ['cut', (t) => t.slice(0, 80)],
    ['damaged', (t) => `${t.slice(0, -4)}AAAA`],
    ['of another key', (t) => `${t[0]}${t[1] === 'A' ? 'B' : 'A'}${t.slice(2)}`],
    ['100 kB long', (t) => t + 'A'.repeat(100_000)],
  ])('costs at most 32 decryptions, of its own length, where 100 are %s', (_, bad) => {
    const header = Array.from({ length: 100 }, () => `sid=${bad(token)}`).join('; ');
    const opened = decryptionsOf(() => app.sessions.get({ headers: { cookie: header } }));
    expect(opened.length).toBeLessThanOrEqual(32);
    expect(opened.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(header.length);
  });

  it('costs at most 32 decryptions where 95 sessions have ended', async () => {
    const ended = await Promise.all(
      Array.from({ length: 95 }, () => app.sessions.begin({ key: 'old' })),
    );
    const { now } = Date;
    try {
      Date.now = () => now() + 31 * 24 * 60 * 60 * 1000;
      const header = ended.map((one) => `sid=${one}`).join('; ');
      // What is remembered of a token from before is not asked for: the first time opens it.
      const opened = decryptionsOf(() => app.sessions.get({ headers: { cookie: header } }));
      expect(opened.length).toBeGreaterThan(0);
      expect(opened.length).toBeLessThanOrEqual(32);
    } finally {
      Date.now = now;
    }
  });

  it('opens to the same again, whatever a handler did to what it opened to before', async () => {
    const client = app.client();
    const cookie = `sid=${await app.sessions.begin({ key: 'value', list: ['first'] })}`;
    for (let time = 0; time < 4; time++) {
      expect((await client.get('/list', { cookie })).json).toEqual({
        key: 'value',
        list: ['first'],
      });
      expect((await client.get('/fail', { cookie })).status).toBe(500);
    }
  });

  it('statement 47: counts by the newest of its name that opens, in whatever order they come', async () => {
    await delay(2);
    const newer = await app.sessions.begin({ key: 'newer' });
    const NEWER = { key: 'newer', isNew: false };
    takeLogs();
    // It is told once: by an application that no other test has made tell it.
    const fresh = (await startApp(place, { controllers: [CookieController] })).client();
    const readFresh = async (cookie: string) => (await fresh.get('/read', { cookie })).json;
    expect(await readFresh(`sid=bad; sid=${token}; sid=${newer}`)).toEqual(NEWER);
    expect(await readFresh(`sid=${newer}; sid=${token}; sid=bad`)).toEqual(NEWER);
    const { warnings } = takeLogs();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/several cookies named 'sid' that open: the newest counts/);
    expect(await read(`sid=${token}; sid=${token}`)).toEqual(VALID);
  });

  it('is found behind many that are none, and behind some that are damaged', async () => {
    expect(await read(`${'sid=bad; '.repeat(200)}sid=${token}`)).toEqual(VALID);
    const damaged = `sid=${token.slice(0, -4)}AAAA; `;
    expect(await read(`${damaged.repeat(20)}sid=${token}`)).toEqual(VALID);
  });

  it('statement 48: is found among 60 others, and not by a part of its name', async () => {
    const others = Array.from({ length: 60 }, (_, i) => `cookie${i}=${'v'.repeat(20)}`);
    others.splice(30, 0, `xsid=${token}x`, `sid2=x`, `a=sid=x`, `sid=${token}`);
    expect(await read(others.join('; '))).toEqual(VALID);
    expect(await read(others.join(';'))).toEqual(VALID);
    expect(await read(`xsid=${token}; sid2=${token}; a=sid=${token}`)).toEqual(EMPTY);
  });

  it('statement 47: is found in a second Cookie header', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      request(
        `${app.url}/read`,
        { headers: ['Host', 'x', 'Cookie', 'a=1', 'Cookie', `sid=${token}`] as never },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(text));
        },
      )
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(body)).toEqual(VALID);
  });

  it('statement 9: is not read as the session of another name, under the same secret', async () => {
    const other = await startApp(place, {
      controllers: [CookieController],
      session: { secret: SECRET, name: 'admin' },
    });
    const answer = await other.client().get('/read', { cookie: `admin=${token}` });
    expect(answer.json).toEqual(EMPTY);
  });
});
