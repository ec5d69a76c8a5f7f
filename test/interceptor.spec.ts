/** How the interceptor is bound to handlers, and what it leaves to the hook on the response. */
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  Post,
  Req,
  Res,
  Scope,
  Session as NestSession,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { jest } from '@jest/globals';
import { tap } from 'rxjs';
import {
  Flashes,
  MemorySessionStore,
  Session,
  SessionInterceptor,
  SessionModule,
  SessionService,
  SessionValue,
} from 'nestjs-typed-session';
import {
  adapterOf,
  adapters,
  closeApps,
  places,
  SECRET,
  startApp,
  takeLogs,
  testLogger,
} from './support/app.js';
import { Client } from './support/client.js';

afterAll(closeApps);

/** How often the interceptor has run. */
let runs = 0;
const intercept = SessionInterceptor.prototype.intercept;
beforeAll(() => {
  jest.spyOn(SessionInterceptor.prototype, 'intercept').mockImplementation(function (
    this: SessionInterceptor,
    context: ExecutionContext,
    next: CallHandler,
  ) {
    runs++;
    return intercept.call(this, context, next);
  });
});
afterAll(() => jest.restoreAllMocks());
beforeEach(() => {
  runs = 0;
});

/** As tracing libraries do: the method is another one afterwards, with what decorators said of it. */
function Traced(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const original = descriptor.value as (...args: unknown[]) => unknown;
    const traced = function (this: unknown, ...args: unknown[]) {
      return original.apply(this, args);
    };
    for (const key of Reflect.getMetadataKeys(original)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), traced);
    }
    descriptor.value = traced;
  };
}

class BaseController {
  @Get('inherited') inherited(@Session() ss: Session) {
    ss.set('by', 'inherited');
    return 'ok';
  }
}

@Controller()
class BoundController extends BaseController {
  @Get('session') session(@Session() ss: Session) {
    ss.set('by', 'session');
    return 'ok';
  }
  @Get('value') value(@SessionValue('by') by: unknown) {
    return { by };
  }
  @Get('flashes') flashes(@Flashes() flashes: unknown[]) {
    return { flashes };
  }
  @Get('nest') nest(@NestSession() ss: Session) {
    ss.set('by', 'nest');
    return 'ok';
  }
  @Traced() @Get('traced-above') tracedAbove(@Session() ss: Session) {
    ss.set('by', 'traced');
    return 'ok';
  }
  @Get('traced-below') @Traced() tracedBelow(@Session() ss: Session) {
    ss.set('by', 'traced');
    return 'ok';
  }
  @Get('twice') @UseInterceptors(SessionInterceptor) twice(@Session() ss: Session) {
    ss.set('by', 'twice');
    return 'ok';
  }
  @Get('by-hand') @UseInterceptors(SessionInterceptor) byHand(@Req() request: any) {
    request.session.set('by', 'hand');
    return 'ok';
  }
  @Get('none') none() {
    return 'ok';
  }
}

@Controller({ path: 'request-scoped', scope: Scope.REQUEST })
class RequestScopedController {
  constructor(@Inject('REQUEST_VALUE') readonly value: string) {}

  @Get('session') session(@Session() ss: Session) {
    ss.set('by', this.value);
    return 'ok';
  }
}

const PROVIDERS = [
  { provide: 'REQUEST_VALUE', scope: Scope.REQUEST, durable: true, useFactory: () => 'request' },
];

describe.each(places)('the interceptor on %s', (place) => {
  const start = () =>
    startApp(place, {
      controllers: [BoundController, RequestScopedController],
      providers: PROVIDERS,
    });

  it.each([
    'session',
    'value',
    'flashes',
    'nest',
    'traced-above',
    'traced-below',
    'twice',
    'by-hand',
    'inherited',
    'request-scoped/session',
  ])('runs once before a handler that takes a session: %s', async (path) => {
    const app = await start();
    const answer = await app.client().get(`/${path}`);
    expect([answer.status, runs]).toEqual([200, 1]);
  });

  it('runs before no other handler', async () => {
    const app = await start();
    expect((await app.client().get('/none')).status).toBe(200);
    expect((await app.client().get('/nowhere')).status).toBe(404);
    expect(runs).toBe(0);
  });

  it('commits what each handler changed', async () => {
    const app = await start();
    for (const [path, by] of [
      ['session', 'session'],
      ['traced-above', 'traced'],
      ['by-hand', 'hand'],
      ['inherited', 'inherited'],
      ['request-scoped/session', 'request'],
    ]) {
      const client = app.client();
      await client.get(`/${path}`);
      expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({ by });
    }
  });

  it('gives each application of a process its own sessions, though they share the controller', async () => {
    const [one, other] = [await start(), await start()];
    const client = one.client();
    await client.get('/session');
    expect(runs).toBe(1);
    expect(await one.sessions.read(client.jar.get('sid')!)).toEqual({ by: 'session' });
    await other.client().get('/session');
    expect(runs).toBe(2);
  });
});

describe.each(adapters)('an application without SessionModule, on %s', (adapter) => {
  it('runs the handlers that another application has bound', async () => {
    await startApp(adapter, { controllers: [BoundController] });
    const testing = await Test.createTestingModule({ controllers: [BoundController] })
      .setLogger(testLogger)
      .compile();
    const app = testing.createNestApplication(adapterOf(adapter, false));
    try {
      await app.listen(0, '127.0.0.1');
      const client = new Client(await app.getUrl());
      expect((await client.get('/none')).status).toBe(200);
      // It says what is missing, as ever.
      expect((await client.get('/session')).status).toBe(500);
      expect(takeLogs().errors.join()).toMatch(/Add SessionModule\.forRoot/);
    } finally {
      await app.close();
    }
  });
});

describe.each(adapters)('SessionService replaced by a test, on %s', (adapter) => {
  it('lets every route be answered', async () => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot(SECRET, 'sid')],
      controllers: [BoundController],
    })
      .overrideProvider(SessionService)
      .useValue({ get: async () => ({ has: () => true }) })
      .setLogger(testLogger)
      .compile();
    const app = testing.createNestApplication(adapterOf(adapter, false));
    try {
      await app.listen(0, '127.0.0.1');
      const client = new Client(await app.getUrl());
      for (const path of ['none', 'session', 'nest', 'value']) {
        expect((await client.get(`/${path}`)).status).toBe(200);
      }
      expect((await client.get('/value')).json).toEqual({ by: 'nest' });
    } finally {
      await app.close();
    }
  });
});

/** Answers by the adapter what JSON refuses. */
@Catch(HttpException)
class BigIntFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: HttpException, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { n: 10n }, 400);
  }
}

@Controller()
class FailingController {
  @Get('big') big(@Session() ss: Session) {
    ss.set('by', 'big');
    return { n: 10n };
  }
  @Get('filtered') @UseFilters(BigIntFilter) filtered(@Session() ss: Session) {
    ss.set('by', 'filtered');
    throw new HttpException('no', 400);
  }
  @Get('read') read(@SessionValue('by') by: unknown) {
    return { by };
  }
  @Get('write') write(@Session() ss: Session) {
    ss.set('by', 'write');
    return 'ok';
  }
  @Post('bad') bad(@Session() ss: Session) {
    ss.set('bad', () => 1);
    return 'ok';
  }
}

@Catch()
class TellingFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: { code?: string }, host: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    httpAdapter.reply(host.switchToHttp().getResponse(), { told: error.code ?? 'other' }, 418);
  }
}

/** As an APM or a source-map tool changes a process: each function call is one frame deeper. */
const SURROUNDINGS: [name: string, surround: (adapter: any) => () => void][] = [
  [
    'seven functions around adapter.reply',
    (adapter) => {
      for (let depth = 0; depth < 7; depth++) {
        const inner = adapter.reply.bind(adapter);
        adapter.reply = (...args: unknown[]) => inner(...args);
      }
      return () => {};
    },
  ],
  [
    'Error.prepareStackTrace that returns the frames',
    () => {
      const before = Error.prepareStackTrace;
      Error.prepareStackTrace = (_error, frames) => frames;
      return () => {
        Error.prepareStackTrace = before;
      };
    },
  ],
  ['nothing around it', () => () => {}],
];

class FailingStore extends MemorySessionStore {
  failing: 'read' | 'write' | undefined;
  override async read(key: string) {
    if (this.failing === 'read') throw new Error('away');
    return super.read(key);
  }
  override async write(...args: Parameters<MemorySessionStore['write']>) {
    if (this.failing === 'write') throw new Error('away');
    return super.write(...args);
  }
}

describe.each(adapters)('a store that fails on %s', (adapter) => {
  describe.each(SURROUNDINGS)('with %s', (_name, surround) => {
    let restore = () => {};
    afterEach(() => {
      restore();
      takeLogs();
    });
    const start = async (store: FailingStore, filter = false) => {
      const app = await startApp(adapter, {
        controllers: [FailingController],
        session: { store },
        configure: (nest) => {
          if (filter) nest.useGlobalFilters(new TellingFilter(nest.get(HttpAdapterHost)));
        },
      });
      restore = surround(app.app.getHttpAdapter());
      return app;
    };

    it('statement 66: answers a body that JSON refuses, after the commit', async () => {
      const app = await start(new FailingStore());
      expect((await app.client().get('/big')).status).toBe(500);
      expect((await app.client().get('/filtered')).status).toBe(500);
    });

    it('answers 503 where the session cannot be read', async () => {
      const store = new FailingStore();
      const app = await start(store);
      const client = app.client();
      await client.get('/write');
      store.failing = 'read';
      expect((await client.get('/read')).status).toBe(503);
    });

    it('tells the filters of the application where the session cannot be kept', async () => {
      const store = new FailingStore();
      const app = await start(store, true);
      store.failing = 'write';
      const answer = await app.client().get('/write');
      expect([answer.status, answer.json]).toEqual([418, { told: 'SESSION_STORE' }]);
      expect(answer.setCookies).toEqual([]);
      store.failing = undefined;
      const refused = await app.client().send('POST', '/bad');
      expect([refused.status, refused.json]).toEqual([418, { told: 'SESSION_UNSERIALIZABLE' }]);
    });
  });
});

/** Changes a session after the handler, with what it took before. */
@Injectable()
class LateInterceptor implements NestInterceptor {
  constructor(private readonly sessions: SessionService) {}

  async intercept(context: ExecutionContext, next: CallHandler) {
    const ss = await this.sessions.get(context);
    const list = ss.get('list') as unknown[] | undefined;
    return next.handle().pipe(
      tap({
        complete: () => {
          if (list !== undefined) list.push('late');
          else ss.set('list', ['first']);
        },
      }),
    );
  }
}

@Controller()
class LateController {
  @Get('read') read(@SessionValue('list') list: unknown) {
    return { list };
  }
  @Get('send') send(@Session() ss: Session, @Res() response: any) {
    ss.set('sent', true);
    response.status(500).send('no');
  }
}

describe.each(places)('an outer interceptor on %s', (place) => {
  it('has what it changes late committed, also in a value that it took early', async () => {
    const app = await startApp(place, {
      controllers: [LateController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: LateInterceptor }],
    });
    const client = app.client();
    await client.get('/read');
    await client.get('/read');
    await client.get('/read');
    expect(await app.sessions.read(client.jar.get('sid')!)).toEqual({
      list: ['first', 'late', 'late'],
    });
  });

  it('leaves the status to a handler that sends the response itself', async () => {
    const app = await startApp(place, { controllers: [LateController] });
    const answer = await app.client().get('/send');
    expect([answer.status, answer.setCookies]).toEqual([500, []]);
  });
});

describe.each(adapters)('what is exported, on %s', (adapter) => {
  it('is the interceptor too, and bound in the module of its handler alone', async () => {
    @Controller('other')
    class OtherController {
      @Get() none() {
        return 'ok';
      }
    }
    @Module({ controllers: [OtherController] })
    class OtherModule {}
    const { app } = await startApp(adapter, {
      imports: [SessionModule.forRoot(SECRET, 'sid'), OtherModule],
      controllers: [BoundController],
    });
    expect(app.get(SessionInterceptor, { strict: false })).toBeInstanceOf(SessionInterceptor);
    const modules = [...app.get(ModulesContainer).values()];
    const bound = modules.filter(({ injectables }) => injectables.has(SessionInterceptor));
    expect(bound.map(({ name }) => name)).toEqual(['RootTestModule']);
  });
});
