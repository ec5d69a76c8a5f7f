/** What expects express-session works over our session, with the real packages. */
import {
  Controller,
  Get,
  type INestApplication,
  Injectable,
  Post,
  Req,
  Res,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from './passport.js';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session, SessionService } from 'nestjs-typed-session';
import { closeApps, places, startApp, takeLogs } from '../support/app.js';
import { describeWithLibraries, library, moduleOf } from './libraries.js';

const onExpress = places.filter((place) => place.startsWith('Express'));

afterAll(closeApps);

/** An authorization server on the loopback interface, as far as the code flow needs one. */
async function startProvider(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://provider');
    if (pathname === '/token') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token: 'token', token_type: 'bearer' }));
      return;
    }
    const back = new URL(searchParams.get('redirect_uri')!);
    back.searchParams.set('code', 'code');
    back.searchParams.set('state', searchParams.get('state')!);
    response.writeHead(302, { location: back.href }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describeWithLibraries('express-session over our session', () => {
  describe.each(onExpress)('%s', (place) => {
    let passport: any;
    let provider: { server: Server; url: string };
    beforeAll(async () => {
      provider = await startProvider();
    });
    afterAll(() => provider.server.close());

    async function start(configure: (app: INestApplication) => unknown = () => {}) {
      passport = await library('passport');
      const { Strategy } = await library('passport-local');
      const { csrf, limit } = await protections();

      @Injectable()
      class Local extends (await PassportStrategy(Strategy)) {
        validate(name: string, password: string) {
          return password === 'right' ? { name } : null;
        }
      }
      const LocalGuard = await AuthGuard('local', { session: true });
      @Injectable()
      class LoginGuard extends LocalGuard {
        async canActivate(context: any) {
          const can = await super.canActivate(context);
          await super.logIn(context.switchToHttp().getRequest());
          return can;
        }
      }

      @Controller()
      class AccountController {
        @Post('sign-in') @UseGuards(LoginGuard) signIn(@Req() request: any) {
          return { name: request.user.name };
        }
        @Get('me') me(@Req() request: any, @Session() ss: Session, @NestSession() nest: any) {
          return {
            name: request.user?.name ?? null,
            passport: ss.get('passport') ?? null,
            same: request.session.id === ss.id && nest.id === ss.id && request.sessionID === ss.id,
          };
        }
        @Get('cart') cart(@Session() ss: Session) {
          ss.set('cart', ['ink']);
          return {};
        }
        @Get('values') values(@Session() ss: Session) {
          return ss.values;
        }
        @Post('sign-out') signOut(@Req() request: any) {
          return new Promise((resolve, reject) => {
            request.logout((error?: Error) => (error ? reject(error) : resolve({})));
          });
        }
        @Post('flash') flash(@Req() request: any) {
          request.flash('info', 'welcome');
          return {};
        }
        @Get('flashes') flashes(@Req() request: any) {
          return request.flash('info');
        }
        @Get('oauth') oauth(@Req() request: any, @Res() response: any) {
          passport.authenticate('oauth2')(request, response, (error: unknown) => {
            response.status(error ? 500 : 200).json({ error: String(error), name: request.user });
          });
        }
        @Get('form') async form(@Req() request: any, @Res({ passthrough: true }) response: any) {
          await request.session.save();
          return { token: csrf.generateCsrfToken(request, response) };
        }
        @Post('form') posted() {
          return { posted: true };
        }
        @Get('limited') limited() {
          return {};
        }
        @Get('throws') throws(@Req() request: any) {
          return new Promise(() => {
            request.session.save(() => {
              throw new Error('in the callback');
            });
          });
        }
      }

      const started = await startApp(place, {
        controllers: [AccountController],
        providers: [Local],
        configure: async (app) => {
          app.use((await library('cookie-parser'))('a secret for the cookie of csrf-csrf'));
          app.use(app.get(SessionService, { strict: false }).asExpressSession());
          app.use(passport.initialize(), passport.session(), (await library('connect-flash'))());
          app.use('/form', csrf.doubleCsrfProtection);
          app.use('/limited', limit);
          passport.serializeUser((user: any, done: any) => done(null, user));
          passport.deserializeUser((user: any, done: any) => done(null, user));
          await configure(app);
        },
      });
      const { Strategy: OAuth2 } = await library('passport-oauth2');
      passport.use(
        new OAuth2(
          {
            authorizationURL: `${provider.url}/authorize`,
            tokenURL: `${provider.url}/token`,
            clientID: 'client',
            clientSecret: 'secret',
            callbackURL: `${started.url}/oauth`,
            state: true,
          },
          (_token: string, _refresh: string, _profile: object, done: any) =>
            done(null, { name: 'of the provider' }),
        ),
      );
      return started;
    }

    async function protections() {
      const { doubleCsrf } = await moduleOf('csrf-csrf');
      const { rateLimit } = await moduleOf('express-rate-limit');
      const csrf = doubleCsrf({
        getSecret: () => 'a secret for csrf-csrf',
        getSessionIdentifier: (request: any) => request.session.id,
        cookieName: 'csrf',
        cookieOptions: { secure: false },
        getCsrfTokenFromRequest: (request: any) => request.headers['x-csrf-token'],
      });
      const limit = rateLimit({
        windowMs: 60_000,
        limit: 3,
        keyGenerator: (request: any) => request.sessionID,
        validate: false,
      });
      return { csrf, limit };
    }

    const credentials = '/sign-in?username=peter&password=right';

    it('signs in by passport-local, and out again', async () => {
      const client = (await start()).client();
      await client.get('/cart');
      const before = client.jar.get('sid');
      expect((await client.post(credentials)).json).toEqual({ name: 'peter' });
      expect(client.jar.get('sid')).not.toBe(before);
      expect((await client.get('/me')).json).toEqual({
        name: 'peter',
        passport: { user: { name: 'peter' } },
        same: true,
      });
      // As with express-session, what was there before the sign-in is gone.
      expect((await client.get('/values')).json).not.toHaveProperty('cart');
      expect((await client.post('/sign-out')).status).toBe(201);
      expect((await client.get('/me')).json.name).toBeNull();
    });

    it('refuses wrong credentials', async () => {
      const answer = await (await start()).client().post('/sign-in?username=peter&password=wrong');
      expect(answer.status).toBe(401);
    });

    it('signs in by OAuth 2 with state', async () => {
      const client = (await start()).client();
      const away = await client.get('/oauth');
      expect(away.status).toBe(302);
      const back = await fetch(away.headers.location!, { redirect: 'manual' });
      const { pathname, search } = new URL(back.headers.get('location')!);
      expect((await client.get(pathname + search)).json.name).toEqual({ name: 'of the provider' });
      // The state is used up.
      expect((await client.get(pathname + search)).status).toBe(403);
    });

    it('shows a flash of connect-flash once', async () => {
      const client = (await start()).client();
      await client.post('/flash');
      expect((await client.get('/flashes')).json).toEqual(['welcome']);
      expect((await client.get('/flashes')).json).toEqual([]);
    });

    it('lets csrf-csrf bind a token to an anonymous session', async () => {
      const client = (await start()).client();
      const { token } = (await client.get('/form')).json;
      expect((await client.post('/form', { 'x-csrf-token': token })).json).toEqual({
        posted: true,
      });
      expect((await client.post('/form')).status).toBe(403);
    });

    it('lets express-rate-limit count by the id of a session', async () => {
      const client = (await start()).client();
      await client.get('/form');
      const statuses = [];
      for (let i = 0; i < 5; i++) statuses.push((await client.get('/limited')).status);
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
    });

    it('answers where a callback throws, and the process goes on', async () => {
      const client = (await start()).client();
      expect((await client.get('/throws')).status).toBe(500);
      expect(takeLogs().errors).toContain('in the callback');
    });
  });
});
