/** Plugins of Fastify that expect a session, registered in `main.ts`, with the real packages. */
import { Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { Session, SessionModule, SessionService } from 'nestjs-typed-session';
import { places, SECRET, takeLogs, testLogger } from '../support/app.js';
import { Client } from '../support/client.js';
import { storeOf } from '../support/stores.js';
import { describeWithLibraries, library, moduleOf } from './libraries.js';

const onFastify = places.filter((place) => place.startsWith('Fastify'));

describeWithLibraries('plugins of Fastify', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

  /** An application as `main.ts` makes it. @param register before the routes are there */
  async function start(
    place: (typeof places)[number],
    register: (app: any) => Promise<unknown>,
    options: { requestSession?: boolean } = {},
  ): Promise<Client> {
    @Controller()
    class AppController {
      @Get('me') me(@Req() request: any, @Session() ss: Session) {
        return { user: request.user ?? null, id: ss.id === (request.session?.id ?? ss.id) };
      }
      @Get('values') values(@Session() ss: Session) {
        return ss.values;
      }
      @Get('write') write(@Session() ss: Session) {
        ss.set('ours', 'value');
        return {};
      }
      @Get('their-write') theirWrite(@Req() request: any) {
        request.session.set('theirs', 'value');
        return {};
      }
      @Get('theirs') theirs(@Req() request: any) {
        return { theirs: request.session.get('theirs') ?? null };
      }
      @Post('flash') flash(@Req() request: any) {
        request.flash('info', 'welcome');
        return {};
      }
      @Get('flashes') flashes(@Res({ passthrough: true }) reply: any) {
        return reply.flash('info');
      }
      @Get('form') async form(@Req() request: any, @Res({ passthrough: true }) reply: any) {
        await request.session.save();
        return { token: reply.generateCsrf({ userInfo: request.session.id }) };
      }
      @Get('token') token(@Res({ passthrough: true }) reply: any) {
        return { token: reply.generateCsrf() };
      }
      @Post('form') posted() {
        return { posted: true };
      }
    }

    const store = await storeOf(place);
    @Module({
      imports: [
        SessionModule.forRoot({
          secret: SECRET,
          name: 'sid',
          ...options,
          ...(store === undefined ? {} : { store, storeTimeout: '60s' }),
        }),
      ],
      controllers: [AppController],
    })
    class AppModule {}

    const app = await NestFactory.create(AppModule, new FastifyAdapter(), {
      logger: testLogger,
      abortOnError: false,
    });
    closing.push(() => app.close());
    if (options.requestSession !== false) app.use(app.get(SessionService).asExpressSession());
    await register(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new Client(`http://127.0.0.1:${port}`);
  }

  describe.each(onFastify)('%s', (place) => {
    it('shows a flash of @fastify/flash once', async () => {
      const client = await start(place, async (app) =>
        app.register(await library('@fastify/flash')),
      );
      await client.post('/flash');
      expect((await client.get('/flashes')).json).toEqual(['welcome']);
      expect((await client.get('/flashes')).json).toEqual([]);
    });

    it('signs in by @fastify/passport, and out again', async () => {
      const client = await start(place, async (app) => {
        const { Authenticator, Strategy } = await moduleOf('@fastify/passport');
        class Always extends Strategy {
          constructor() {
            super('always');
          }
          authenticate() {
            (this as any).success({ name: 'peter' });
          }
        }
        const passport = new Authenticator();
        passport.use(new Always());
        passport.registerUserSerializer(async (user: any) => user);
        passport.registerUserDeserializer(async (user: any) => user);
        await app.register(passport.initialize());
        await app.register(passport.secureSession());
        const fastify = app.getHttpAdapter().getInstance();
        fastify.post(
          '/sign-in',
          { preValidation: passport.authenticate('always') },
          async () => ({}),
        );
        fastify.post('/sign-out', async (request: any) => {
          await request.logOut();
          return {};
        });
      });
      await client.get('/write');
      const before = client.jar.get('sid');
      await client.post('/sign-in');
      expect(client.jar.get('sid')).not.toBe(before);
      expect((await client.get('/me')).json).toEqual({ user: { name: 'peter' }, id: true });
      await client.post('/sign-out');
      expect((await client.get('/me')).json).toEqual({ user: null, id: true });
    });

    it.each(['@fastify/session', '@fastify/secure-session'])(
      'lets @fastify/csrf-protection keep its secret here (sessionPlugin %s)',
      async (sessionPlugin) => {
        const client = await start(place, (app) => protect(app, { sessionPlugin }));
        const { token } = (await client.get('/token')).json;
        expect((await client.post('/form', { 'csrf-token': token })).json).toEqual({
          posted: true,
        });
        expect((await client.post('/form')).status).toBe(403);
      },
    );

    it('lets @fastify/csrf-protection bind a token to a session (getUserInfo)', async () => {
      const options = {
        sessionPlugin: '@fastify/session',
        getUserInfo: (request: any) => request.session.id,
      };
      const client = await start(place, (app) => protect(app, options));
      const { token } = (await client.get('/form')).json;
      expect((await client.post('/form', { 'csrf-token': token })).json).toEqual({ posted: true });
      expect((await client.post('/form')).status).toBe(403);
    });

    it('stands beside @fastify/session with requestSession: false', async () => {
      const client = await start(place, registerFastifySession, { requestSession: false });
      await client.get('/write');
      await client.get('/their-write');
      expect((await client.get('/values')).json).toEqual({ ours: 'value' });
      expect((await client.get('/theirs')).json).toEqual({ theirs: 'value' });
    });

    it('leaves request.session to @fastify/session, and says so in one line', async () => {
      takeLogs();
      const client = await start(place, registerFastifySession);
      expect(takeLogs().warnings).toEqual([
        expect.stringContaining('Give SessionModule the option requestSession: false'),
      ]);
      await client.get('/write');
      await client.get('/their-write');
      expect((await client.get('/values')).json).toEqual({ ours: 'value' });
      expect((await client.get('/theirs')).json).toEqual({ theirs: 'value' });
    });
  });

  async function registerFastifySession(app: any): Promise<void> {
    await app.register(await library('@fastify/cookie'));
    await app.register(await library('@fastify/session'), {
      secret: SECRET,
      cookie: { secure: false },
    });
  }

  async function protect(app: any, options: object): Promise<void> {
    await app.register(await library('@fastify/csrf-protection'), options);
    const fastify = app.getHttpAdapter().getInstance();
    fastify.addHook('preHandler', (request: any, reply: any, done: () => void) => {
      if (request.method === 'POST') fastify.csrfProtection(request, reply, done);
      else done();
    });
  }
});
