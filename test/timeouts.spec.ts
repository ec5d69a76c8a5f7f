import { jest } from '@jest/globals';
import { Controller, Get, Query } from '@nestjs/common';
import { Session } from 'nestjs-typed-session';
import {
  closeApps,
  isInStore,
  places,
  SECRET,
  startApp,
  takeLogs,
  type AppOptions,
  type TestApp,
} from './support/app.js';
import { attributes, type Client } from './support/client.js';

@Controller()
class ClockController {
  @Get('set') set(@Session() ss: Session, @Query('value') value = 'value') {
    ss.set('key', value);
    return { isNew: ss.isNew };
  }
  @Get('read') read(@Session() ss: Session) {
    const { id, isNew, createdAt, expiresAt } = ss;
    return { key: ss.get('key'), id, isNew, createdAt, expiresAt };
  }
  @Get('remember') remember(@Session() ss: Session) {
    ss.cookie.maxAge = '90 days';
    ss.set('key', 'remembered');
  }
  @Get('forget') forget(@Session() ss: Session) {
    ss.cookie.maxAge = -1;
    ss.set('key', 'forgotten');
  }
  @Get('third') third(@Session() ss: Session) {
    ss.cookie.maxAge = 100_000 / 3;
    ss.set('key', 'third');
  }
  @Get('unset') unset(@Session() ss: Session) {
    delete ss.cookie.maxAge;
    ss.set('key', 'unset');
  }
  @Get('fill') fill(@Session() ss: Session, @Query('bytes') bytes: string) {
    ss.set('key', 'x'.repeat(Number(bytes)));
  }
  @Get('wrong') wrong(@Session() ss: Session) {
    ss.cookie.maxAge = 'soon';
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await ss.regenerate();
  }
}

const START = Date.UTC(2030, 0, 1);
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

describe.each(places)('the life of a session on %s', (place) => {
  let now = START;
  beforeEach(() => {
    now = START;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(closeApps);

  const started = new Map<string, Promise<TestApp>>();
  /** A new client of the application with these options, which is started when it is first asked for. */
  const start = async (session: NonNullable<AppOptions['session']> = {}) => {
    const options = JSON.stringify(session);
    const app =
      started.get(options) ?? startApp(place, { controllers: [ClockController], session });
    started.set(options, app);
    return (await app).client();
  };
  const read = async (client: Client) => (await client.get('/read')).json;
  const maxAge = (lines: string[]) => Number(attributes(lines[0])['max-age']);

  it('statement 32: ends when nobody used it for its idle time, whatever the browser still holds', async () => {
    const client = await start({ idleTimeout: '1h', cookie: { maxAge: '30 days' } });
    await client.get('/set');
    now += HOUR - SECOND;
    expect(await read(client)).toMatchObject({ key: 'value', isNew: false });
    now += HOUR + SECOND;
    const answer = await client.get('/read');
    expect(answer.json).toMatchObject({ isNew: true });
    expect(answer.setCookies).toEqual([]);
  });

  it('statement 39: ends by the server clock in a cookie without an age too', async () => {
    const client = await start({ cookie: { maxAge: 0 } });
    await client.get('/set');
    now += 30 * DAY + SECOND;
    expect(await read(client)).toMatchObject({ isNew: true });
  });

  it('is renewed by use, and sent again only after a tenth of the idle time', async () => {
    const client = await start({ cookie: { maxAge: '10h' } });
    await client.get('/set');
    now += HOUR - SECOND;
    expect((await client.get('/read')).setCookies).toEqual([]);
    now += SECOND;
    const renewed = await client.get('/read');
    expect(renewed.setCookies).toHaveLength(1);
    expect(maxAge(renewed.setCookies)).toBe(10 * 3600);
    expect((await client.get('/read')).setCookies).toEqual([]);
    now += 10 * HOUR - SECOND;
    expect(await read(client)).toMatchObject({ key: 'value' });
  });

  it('is not renewed where rolling is off, not even by a change', async () => {
    const client = await start({ rolling: false, cookie: { maxAge: '10h' } });
    await client.get('/set');
    now += 4 * HOUR;
    expect((await client.get('/read')).setCookies).toEqual([]);
    const changed = await client.get('/set?value=other');
    expect(maxAge(changed.setCookies)).toBe(6 * 3600);
    now += 6 * HOUR;
    expect(await read(client)).toMatchObject({ isNew: true });
  });

  it('statement 33: ends at its absolute time, however active', async () => {
    const client = await start({ absoluteTimeout: '2h', idleTimeout: '1h' });
    await client.get('/set');
    for (let minute = 1; minute < 120; minute++) {
      now += 60 * SECOND;
      const answer = await client.get(`/set?value=${minute}`);
      expect(answer.json).toEqual({ isNew: false });
      expect(maxAge(answer.setCookies)).toBeLessThanOrEqual((120 - minute) * 60);
      if (minute % 10 === 0) await client.get('/regenerate');
    }
    now += 60 * SECOND;
    expect(await read(client)).toMatchObject({ isNew: true });
  });

  it('ends at an absolute time that was shortened since', async () => {
    const long = await start({});
    await long.get('/set');
    const short = await start({ absoluteTimeout: '1h' });
    short.jar.set('sid', long.jar.get('sid')!);
    now += HOUR;
    expect(await read(short)).toMatchObject({ isNew: true });
  });

  it('statement 36: keeps the longer life of "remember me" through later writes', async () => {
    const client = await start({ cookie: { maxAge: '1h' } });
    const remembered = await client.get('/remember');
    expect(maxAge(remembered.setCookies)).toBe(90 * 86_400);
    now += 10 * DAY;
    const later = await client.get('/set?value=later');
    expect(later.json).toEqual({ isNew: false });
    expect(maxAge(later.setCookies)).toBe(90 * 86_400);
    now += 90 * DAY - SECOND;
    expect(await read(client)).toMatchObject({ key: 'later' });
    now += 90 * DAY + SECOND;
    expect(await read(client)).toMatchObject({ isNew: true });
  });

  it('statement 34: keeps its absolute time with "remember me"', async () => {
    const client = await start({ absoluteTimeout: '2 days' });
    expect(maxAge((await client.get('/remember')).setCookies)).toBe(2 * 86_400);
  });

  it('is deleted on commit where its maxAge is negative', async () => {
    const client = await start();
    await client.get('/set');
    const answer = await client.get('/forget');
    expect(attributes(answer.setCookies[0])).toMatchObject({ 'max-age': '0', path: '/' });
    expect(client.jar.size).toBe(0);
    expect((await client.get('/forget')).setCookies).toEqual([]);
  });

  it('refuses a maxAge that is none, and stays as it was', async () => {
    const client = await start();
    await client.get('/set');
    expect((await client.get('/wrong')).status).toBe(500);
    expect(await read(client)).toMatchObject({ key: 'value' });
  });

  it('may end at a fraction of a second', async () => {
    const client = await start({ absoluteTimeout: 100_000 / 7 });
    await client.get('/third');
    expect(await read(client)).toMatchObject({ key: 'third', isNew: false });
  });

  it('lives as the module says where its own maxAge is taken away', async () => {
    const client = await start({ cookie: { maxAge: '7 days' } });
    await client.get('/remember');
    expect(maxAge((await client.get('/unset')).setCookies)).toBe(7 * 86_400);
  });

  if (!isInStore(place)) {
    it('is renewed by a read even where it fills its cookie to the last byte', async () => {
      const client = await start();
      // The most that fits lies between the two.
      let [bytes, tooMany] = [2000, 4096];
      while (tooMany - bytes > 1) {
        const middle = Math.floor((bytes + tooMany) / 2);
        const { status } = await client.get(`/fill?bytes=${middle}`);
        if (status === 200) bytes = middle;
        else tooMany = middle;
      }
      expect((await client.get(`/fill?bytes=${tooMany}`)).status).toBe(500);
      expect((await client.get(`/fill?bytes=${bytes}`)).status).toBe(200);
      now += 20 * DAY;
      const answer = await client.get('/read');
      expect(answer.status).toBe(200);
      expect(answer.setCookies).toHaveLength(1);
      expect(answer.setCookies[0].split(';')[0].length - 1).toBeGreaterThan(4090);
    });

    it('is read, and left alone, where the limit is lower than it was', async () => {
      const large = await start();
      await large.get('/fill?bytes=2000');
      const client = await start({ maxCookieBytes: 1000 });
      client.jar.set('sid', large.jar.get('sid')!);
      now += 20 * DAY;
      const answer = await client.get('/read');
      expect(answer.json.key).toHaveLength(2000);
      expect(answer.setCookies).toEqual([]);
    });
  }

  it('is accepted under a shorter idle timeout than it was renewed under', async () => {
    const long = await start({ idleTimeout: '30 days' });
    await long.get('/set');
    now += 10 * DAY;
    expect((await long.get('/read')).setCookies).toHaveLength(1);
    const client = await start({ idleTimeout: '1 day' });
    client.jar.set('sid', long.jar.get('sid')!);
    expect((await client.get('/read')).json).toMatchObject({ key: 'value' });
  });

  it('tells when it began and when it would end', async () => {
    const client = await start({ cookie: { maxAge: '1h' } });
    expect(await read(client)).toMatchObject({
      createdAt: new Date(START).toISOString(),
      expiresAt: new Date(START + HOUR).toISOString(),
    });
    await client.get('/set');
    now += 60 * SECOND;
    expect(await read(client)).toMatchObject({
      createdAt: new Date(START).toISOString(),
      expiresAt: new Date(START + HOUR).toISOString(),
    });
  });

  it('statement 37: is rejected where its seal is from the future by more than a minute', async () => {
    const client = await start();
    now = START + 59 * SECOND;
    await client.get('/set');
    now = START;
    expect(await read(client)).toMatchObject({ key: 'value' });
    takeLogs();
    now = START - 2 * SECOND;
    for (let time = 0; time < 3; time++) {
      expect(await read(client)).toMatchObject({ isNew: true });
    }
    const { warnings } = takeLogs();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/61 s ahead of this server's clock, and 60 s are tolerated/);
  });

  describe('under a new key', () => {
    const NEWER = 'a newer secret for tests of more than thirty-two bytes';

    it('statements 16 and 18: is sealed again on a route that only reads, and no deadline moves', async () => {
      const old = await start({ cookie: { maxAge: '100h' } });
      await old.get('/set');
      const { expiresAt, id } = await read(old);
      now += HOUR;
      const client = await start({ secret: [NEWER, SECRET], cookie: { maxAge: '100h' } });
      client.jar.set('sid', old.jar.get('sid')!);
      const rotated = await client.get('/read');
      expect(rotated.json).toMatchObject({ key: 'value', id, expiresAt });
      expect(maxAge(rotated.setCookies)).toBe(99 * 3600);
      expect((await client.get('/read')).setCookies).toEqual([]);
      expect(await read(client)).toMatchObject({ key: 'value', expiresAt });

      const newest = await start({ secret: NEWER, cookie: { maxAge: '100h' } });
      newest.jar.set('sid', client.jar.get('sid')!);
      expect(await read(newest)).toMatchObject({ key: 'value', id, expiresAt });
    });

    it('statement 17: is a new one once its own key is gone, and its cookie is left alone', async () => {
      const old = await start();
      await old.get('/set');
      const client = await start({ secret: NEWER });
      client.jar.set('sid', old.jar.get('sid')!);
      const answer = await client.get('/read');
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ isNew: true });
      expect(answer.setCookies).toEqual([]);
    });
  });
});
