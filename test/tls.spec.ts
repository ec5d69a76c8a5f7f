import { Controller, Get } from '@nestjs/common';
import { Session, SessionService } from 'nestjs-typed-session';
import type { INestApplication } from '@nestjs/common';
import { places, closeApps, startApp, takeLogs } from './support/app.js';
import { attributes } from './support/client.js';

@Controller()
class TlsController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
  }
  @Get('plain') plain() {}
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
  }
}

const overTls = { 'x-forwarded-proto': 'https' };

describe.each(places)('a cookie that is secure, on %s', (place) => {
  afterEach(closeApps);

  const start = (secure: boolean | 'auto', trustProxy: boolean, configure?: object) =>
    startApp(place, {
      controllers: [TlsController],
      session: { cookie: { secure } },
      trustProxy,
      ...configure,
    });

  it('statement 84: goes nowhere over a plain connection, and one warning names the proxy setting', async () => {
    const app = await start(true, false);
    takeLogs();
    for (let i = 0; i < 3; i++) {
      const answer = await app.client().get('/set', overTls);
      expect(answer.status).toBe(200);
      expect(answer.setCookies).toEqual([]);
    }
    const { warnings } = takeLogs();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /app\.set\('trust proxy', 1\).*FastifyAdapter\(\{ trustProxy: true/,
    );
  });

  it('is deleted only where it would be accepted', async () => {
    const app = await start(true, true);
    const client = app.client();
    await client.get('/set', overTls);
    expect((await client.get('/destroy')).setCookies).toEqual([]);
    const answer = await client.get('/destroy', overTls);
    expect(attributes(answer.setCookies[0])).toMatchObject({ secure: true, 'max-age': '0' });
  });

  it('goes over TLS, as a trusted proxy says', async () => {
    const app = await start(true, true);
    const answer = await app.client().get('/set', overTls);
    expect(attributes(answer.setCookies[0])).toMatchObject({ secure: true });
  });

  it("follows the connection where it is 'auto'", async () => {
    const app = await start('auto', true);
    const over = await app.client().get('/set', overTls);
    expect(attributes(over.setCookies[0])).toMatchObject({ secure: true });
    const plain = await app.client().get('/set');
    expect(attributes(plain.setCookies[0])).not.toHaveProperty('secure');
  });

  it('does not believe a header where no proxy is trusted', async () => {
    const app = await start('auto', false);
    const answer = await app.client().get('/set', overTls);
    expect(attributes(answer.setCookies[0])).not.toHaveProperty('secure');
  });

  it.each([{ sameSite: 'none' as const }, { partitioned: true }])(
    'is less than was asked for behind a proxy that is not trusted, and one warning says so: %j',
    async (cookie) => {
      const app = await startApp(place, {
        controllers: [TlsController],
        session: { cookie },
        trustProxy: false,
      });
      takeLogs();
      for (let i = 0; i < 3; i++) {
        const [line] = (await app.client().get('/set', overTls)).setCookies;
        expect(attributes(line)).toMatchObject({ samesite: 'Lax' });
        expect(attributes(line)).not.toHaveProperty('secure');
        expect(attributes(line)).not.toHaveProperty('partitioned');
      }
      const { warnings } = takeLogs();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(Object.keys(cookie)[0]);
      expect(warnings[0]).toMatch(
        /app\.set\('trust proxy', 1\).*FastifyAdapter\(\{ trustProxy: true/,
      );
    },
  );

  it.each([
    ['a plain connection', { sameSite: 'none' as const }, false, {}],
    ['a trusted proxy', { sameSite: 'none' as const }, true, overTls],
    ['a cookie that is the same without Secure', {}, false, overTls],
  ])('warns of nothing on %s', async (_, cookie, trustProxy, headers) => {
    const app = await startApp(place, {
      controllers: [TlsController],
      session: { cookie },
      trustProxy,
    });
    takeLogs();
    expect((await app.client().get('/set', headers)).setCookies).toHaveLength(1);
    expect(takeLogs().warnings).toEqual([]);
  });

  it('follows the connection in middleware too', async () => {
    const app = await start('auto', true, {
      configure: (nest: INestApplication) =>
        nest.use(async (request: object, response: object, next: () => void) => {
          (await nest.get(SessionService).get(request, response)).set('by', 'middleware');
          next();
        }),
    });
    const answer = await app.client().get('/plain', overTls);
    expect(attributes(answer.setCookies[0])).toMatchObject({ secure: true });
  });
});
