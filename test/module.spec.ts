import {
  type CanActivate,
  Catch,
  type ArgumentsHost,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  NotFoundException,
  type PipeTransform,
  Req,
  Scope,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Test } from '@nestjs/testing';
import {
  Flashes,
  Session,
  SessionModule,
  type SessionModuleOptions,
  type SessionOptionsFactory,
  SessionService,
  SessionValue,
} from 'nestjs-typed-session';
import {
  isInStore,
  places,
  closeApps,
  SECRET,
  startApp,
  takeLogs,
  testLogger,
  type AppOptions,
} from './support/app.js';

@Controller()
class CountController {
  @Get('count') count(@Session() ss: Session) {
    const count = ((ss.get('count') as number | undefined) ?? 0) + 1;
    ss.set('count', count);
    return { count };
  }
  @Get('plain') plain() {
    return 'plain';
  }
}

const OPTIONS = { secret: SECRET, name: 'sid' };

@Injectable()
class OptionsService implements SessionOptionsFactory {
  createSessionOptions(): SessionModuleOptions {
    return OPTIONS;
  }
}

@Module({ providers: [OptionsService], exports: [OptionsService] })
class OptionsModule {}

const sources: Record<string, () => AppOptions['imports']> = {
  'a secret and a name': () => [SessionModule.forRoot(SECRET, 'sid')],
  'a secret, a name and options': () => [
    SessionModule.forRoot(SECRET, 'sid', { cookie: { maxAge: '7 days' } }),
  ],
  'a list of secrets and a name': () => [SessionModule.forRoot([SECRET, 'x'.repeat(32)], 'sid')],
  'a Buffer and a name': () => [SessionModule.forRoot(Buffer.from(SECRET), 'sid')],
  options: () => [SessionModule.forRoot(OPTIONS)],
  'a list of options': () => [SessionModule.forRoot([OPTIONS, { ...OPTIONS, name: 'admin' }])],
  'a factory': () => [
    SessionModule.forRootAsync({
      imports: [OptionsModule],
      inject: [OptionsService],
      useFactory: async (options: OptionsService) => options.createSessionOptions(),
    }),
  ],
  'a factory of a list': () => [SessionModule.forRootAsync({ useFactory: () => [OPTIONS] })],
  'a class': () => [SessionModule.forRootAsync({ useClass: OptionsService })],
  'an existing provider': () => [
    SessionModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsService }),
  ],
};

@Injectable()
class SignedInGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    const ss = await this.sessions.get(context);
    if (!ss.has('count')) throw new UnauthorizedException();
    return true;
  }
}

@Catch(UnauthorizedException)
class SignInFilter implements ExceptionFilter {
  constructor(private readonly sessions: SessionService) {}

  async catch(_error: unknown, host: ArgumentsHost) {
    const ss = await this.sessions.get(host);
    ss.addFlash('Sign in first.');
    const response = host.switchToHttp().getResponse();
    response.status(302).header('location', '/sign-in').send();
  }
}

@Injectable()
class RequestGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    const ss = await this.sessions.get(context.switchToHttp().getRequest<object>());
    ss.set('count', 10);
    return true;
  }
}

@Catch(NotFoundException)
class NotFoundFilter implements ExceptionFilter {
  constructor(private readonly sessions: SessionService) {}

  async catch(_error: unknown, host: ArgumentsHost) {
    const request = host.switchToHttp().getRequest();
    (await this.sessions.get(host)).set('lost', request.url);
    host.switchToHttp().getResponse().status(404).send('lost');
  }
}

@Injectable()
class ToNumber implements PipeTransform {
  transform(value: unknown) {
    return Number(value) * 10;
  }
}

@Controller()
class DoorsController {
  @Get('guarded') @UseGuards(SignedInGuard) @UseFilters(SignInFilter) guarded() {
    return 'welcome';
  }
  @Get('same') same(
    @Session() one: Session,
    @Session('sid') named: Session,
    @Req() request: { session: Session },
    @SessionValue('count', ToNumber) tenfold: number,
    @Flashes() flashes: string[],
  ) {
    return { same: one === named && named === request.session, tenfold, flashes };
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Get() scoped(@Session() ss: Session) {
    ss.set('scoped', true);
  }
}

@Controller()
class TwoController {
  @Get('two') two(@Session() app: Session, @Session('admin') admin: Session) {
    app.set('in', 'app');
    admin.set('in', 'admin');
    return { names: [app.name, admin.name] };
  }
  @Get('admin') admin(@Session('admin') admin: Session) {
    admin.set('in', 'admin only');
  }
  @Get('nobody') nobody(@Session('nobody') ss: Session) {
    return ss.name;
  }
}

describe.each(places)('SessionModule on %s', (place) => {
  afterEach(async () => {
    await closeApps();
    takeLogs();
  });

  it.each(Object.keys(sources))('is configured by %s', async (source) => {
    const app = await startApp(place, {
      controllers: [CountController],
      imports: sources[source](),
    });
    const client = app.client();
    for (const count of [1, 2, 3]) expect((await client.get('/count')).json).toEqual({ count });
    expect([...client.jar.keys()]).toEqual(['sid']);
  });

  it('refuses to be imported twice, and says how to have several sessions', async () => {
    const imports = [SessionModule.forRoot(SECRET, 'one'), SessionModule.forRoot(SECRET, 'two')];
    await expect(startApp(place, { imports })).rejects.toMatchObject({
      code: 'SESSION_CONFIG',
      message: expect.stringContaining('a list for several sessions') as string,
    });
  });

  it('starts where there is no HTTP', async () => {
    @Module({ imports: [SessionModule.forRoot(OPTIONS)] })
    class ContextModule {}
    const context = await NestFactory.createApplicationContext(ContextModule, { logger: false });
    const sessions = context.get(SessionService);
    expect(sessions.unseal(sessions.seal({ key: 'value' }))).toEqual({ key: 'value' });
    await context.close();
  });

  describe('the session of a request', () => {
    it('is one object, by whatever door it comes', async () => {
      const app = await startApp(place, { controllers: [CountController, DoorsController] });
      const client = app.client();
      await client.get('/count');
      expect((await client.get('/same')).json).toEqual({ same: true, tenfold: 10, flashes: [] });
    });

    it('is open to guards and filters', async () => {
      const app = await startApp(place, {
        controllers: [CountController, DoorsController],
        providers: [SignedInGuard, SignInFilter],
      });
      const client = app.client();
      const denied = await client.get('/guarded');
      expect(denied.status).toBe(302);
      expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({
        _flash: ['Sign in first.'],
      });
      await client.get('/count');
      expect((await client.get('/guarded')).body).toBe('welcome');
    });

    it('is open to middleware, and the handler sees the same', async () => {
      const app = await startApp(place, {
        controllers: [CountController],
        configure: (nest: INestApplication) =>
          nest.use(async (request: object, response: object, next: () => void) => {
            const ss = await nest.get(SessionService).get(request, response);
            if (!ss.has('count')) ss.set('count', 41);
            next();
          }),
      });
      const client = app.client();
      expect((await client.get('/count')).json).toEqual({ count: 42 });
      expect((await client.get('/count')).json).toEqual({ count: 43 });
      const plain = await app.client().get('/plain');
      expect(plain.setCookies).toHaveLength(1);
    });

    it('is open to a guard that hands over the request alone', async () => {
      const app = await startApp(place, {
        controllers: [CountController],
        providers: [{ provide: APP_GUARD, useClass: RequestGuard }],
      });
      expect((await app.client().get('/count')).json).toEqual({ count: 11 });
    });

    it('is open to controllers that live for one request', async () => {
      const app = await startApp(place, { controllers: [ScopedController] });
      const client = app.client();
      await client.get('/scoped');
      expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({ scoped: true });
    });

    it('has no way to a client where there is no response, as in a gateway', async () => {
      const app = await startApp(place, {});
      const ss = await app.sessions.get({ headers: {} });
      const refusal = expect.objectContaining({ code: 'SESSION_HEADERS_SENT' });
      expect(() => ss.set('user', 'paul')).toThrow(refusal);
      expect(() => (ss.values.user = 'paul')).toThrow(refusal);
    });

    it('is kept by save() and nothing else where there is no response, if a store has it', async () => {
      const app = await startApp(place, {});
      const token = await app.sessions.begin({ user: 'peter' });
      const ss = await app.sessions.get({ headers: { cookie: `sid=${token}` } });
      expect(ss.get('user')).toBe('peter');
      if (isInStore(place)) {
        ss.set('user', 'paul');
        await ss.save();
        expect(await app.sessions.read(token)).toEqual({ user: 'paul' });
        await expect(ss.regenerate()).rejects.toMatchObject({ code: 'SESSION_HEADERS_SENT' });
        return;
      }
      expect(() => ss.set('user', 'paul')).toThrow(
        expect.objectContaining({ code: 'SESSION_HEADERS_SENT' }),
      );
      const refusal = expect.objectContaining({ code: 'SESSION_HEADERS_SENT' });
      expect(() => (ss.values.user = 'paul')).toThrow(refusal);
      expect(() => delete ss.values.user).toThrow(refusal);
      expect(() => (ss.cookie.maxAge = 5)).toThrow(refusal);
      expect(ss.values).toEqual({ user: 'peter' });
      expect(ss.values.toString).toBeUndefined();
    });

    it('can be changed once its response is known', async () => {
      const app = await startApp(place, {
        controllers: [CountController],
        configure: (nest: INestApplication) =>
          nest.use(async (request: object, _response: object, next: () => void) => {
            await nest.get(SessionService).get(request);
            next();
          }),
      });
      expect((await app.client().get('/count')).json).toEqual({ count: 1 });
    });

    it('is open to a filter for what no route answers', async () => {
      const app = await startApp(place, {
        providers: [{ provide: APP_FILTER, useClass: NotFoundFilter }],
      });
      const client = app.client();
      expect((await client.get('/nowhere')).status).toBe(404);
      expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({ lost: '/nowhere' });
    });

    it('is found in every context that stands on a request', async () => {
      const { sessions } = await startApp(place, {});
      const request = { headers: { cookie: `sid=${await sessions.begin({ user: 'peter' })}` } };
      const contexts: [string, unknown[]][] = [
        ['http', [request]],
        ['ws', [{ request }]],
        ['graphql', [{}, {}, { req: request }]],
        ['graphql', [{}, {}, { request }]],
      ];
      for (const [type, args] of contexts) {
        const context = new ExecutionContextHost(args);
        context.setType(type);
        const ss = await sessions.get(context);
        expect(ss.get('user')).toBe('peter');
      }
      const rpc = new ExecutionContextHost([{}]);
      rpc.setType('rpc');
      await expect(sessions.get(rpc)).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    });
  });

  describe('several sessions', () => {
    const session = [
      { name: 'app' },
      { name: 'admin', cookie: { path: '/', sameSite: 'strict' as const } },
    ];

    it('have a cookie each', async () => {
      const app = await startApp(place, { controllers: [TwoController], session });
      const client = app.client();
      const answer = await client.get('/two');
      expect(answer.json).toEqual({ names: ['app', 'admin'] });
      expect(answer.setCookies).toHaveLength(2);
      expect(await app.sessions.read(client.jar.get('app')!)).toEqual({ in: 'app' });
      expect(await app.sessions.read(client.jar.get('admin')!, { name: 'admin' })).toEqual({
        in: 'admin',
      });
      const only = await client.get('/admin');
      expect(only.setCookies).toHaveLength(1);
      expect(only.setCookies[0]).toMatch(/^admin=.*SameSite=Strict/);
    });

    it('cannot stand in for each other', async () => {
      const { sessions } = await startApp(place, { controllers: [TwoController], session });
      const token = await sessions.begin({ role: 'admin' });
      expect(await sessions.read(token)).toEqual({ role: 'admin' });
      expect(await sessions.read(token, { name: 'admin' })).toBeUndefined();
    });

    it('are named where one is asked for that there is not', async () => {
      const app = await startApp(place, { controllers: [TwoController], session });
      expect((await app.client().get('/nobody')).status).toBe(500);
      expect(takeLogs().errors.join()).toMatch(/No session is named 'nobody'.* app, admin/);
    });
  });

  describe('that is not imported', () => {
    it('is named by the error of a handler that asks for the session', async () => {
      const testing = await Test.createTestingModule({ controllers: [CountController] })
        .setLogger(testLogger)
        .compile();
      // A unit test of the controller needs no session module.
      expect(testing.get(CountController).plain()).toBe('plain');
      await testing.close();

      const app = await startApp(place, {
        controllers: [CountController],
        imports: [],
        configure: (nest) => void nest,
      }).catch((error: unknown) => error);
      // `startApp` asks for SessionService, which is not there: the application runs all the same.
      expect(String(app)).toMatch(/SessionService/);
    });

    it('answers 500 over HTTP, and says which import is missing', async () => {
      const app = await startApp(place, {
        controllers: [CountController],
        imports: [],
        providers: [{ provide: SessionService, useValue: undefined }],
      });
      expect((await app.client().get('/plain')).body).toBe('plain');
      expect((await app.client().get('/count')).status).toBe(500);
      expect(takeLogs().errors.join()).toMatch(
        /CountController\.count asks for the session.*Add SessionModule\.forRoot\(secret\) to the imports/,
      );
    });
  });
});

describe('SessionService', () => {
  afterEach(closeApps);

  it('seals what it unseals', async () => {
    const { sessions } = await startApp('Express');
    const values = { name: 'peter', at: new Date(0), list: [1, { two: 2n }], ['__proto__']: 1 };
    const unsealed = sessions.unseal(sessions.seal(values))!;
    expect(unsealed).toEqual(values);
    expect(Object.keys(unsealed)).toContain('__proto__');
  });

  it('unseals nothing that does not open', async () => {
    const { sessions } = await startApp('Express');
    expect(sessions.unseal('')).toBeUndefined();
    expect(sessions.unseal('x'.repeat(100))).toBeUndefined();
  });

  it('refuses to seal what cannot be stored', async () => {
    const { sessions } = await startApp('Express');
    expect(() => sessions.seal({ call: () => 1 })).toThrow(
      expect.objectContaining({ code: 'SESSION_UNSERIALIZABLE' }),
    );
    expect(() => sessions.seal({ large: 'x'.repeat(4096) })).toThrow(
      expect.objectContaining({ code: 'SESSION_TOO_LARGE' }),
    );
  });
});
