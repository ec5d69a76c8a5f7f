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

  it('goes nowhere over a plain connection, and one warning names the proxy setting', async () => {
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
