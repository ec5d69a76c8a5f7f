/** Libraries that stand beside the session module, each the real one. */
import {
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Req,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Session, SessionModule, SessionService } from 'nestjs-typed-session';
import { adapters, closeApps, places, SECRET, startApp, takeLogs } from '../support/app.js';
import { assertBuilt } from '../support/built-library.js';
import { ROOT } from '../support/readme.js';
import { storeOf } from '../support/stores.js';
import { describeWithLibraries, library, moduleOf } from './libraries.js';

const run = promisify(execFile);

afterAll(closeApps);

@Controller()
class ValuesController {
  constructor(@Inject(SessionService) readonly sessions: SessionService) {}
  @Get('write') write(@Session() ss: Session) {
    ss.set('ours', 'value');
    return {};
  }
  @Get('values') values(@Session() ss: Session) {
    return ss.values;
  }
  @Get('their-write') theirWrite(@Req() request: any) {
    request.session.theirs = 'value';
    return {};
  }
  @Get('theirs') theirs(@Req() request: any) {
    return { theirs: request.session.theirs ?? null };
  }
  @Get('saved') async saved(@Session() ss: Session) {
    await ss.save();
    return { id: ss.id };
  }
  @Get('id') id(@Session() ss: Session) {
    return { id: ss.id };
  }
  @Get('by-http-alone') async byHttpAlone(@Req() request: any) {
    // As nestjs-i18n makes a context.
    const context: any = {
      switchToHttp: () => ({ getRequest: () => request, getResponse: () => undefined }),
    };
    return (await this.sessions.get(context)).get('ours');
  }
}

describe.each(places)('%s', (place) => {
  it('keeps an empty session that is saved, and its id', async () => {
    const client = (await startApp(place, { controllers: [ValuesController] })).client();
    expect((await client.get('/id')).setCookies).toEqual([]);
    const { id } = (await client.get('/saved')).json;
    expect((await client.get('/id')).json).toEqual({ id });
    expect((await client.get('/id')).json).toEqual({ id });
  });

  it('finds the session of a context that knows its HTTP request alone', async () => {
    const client = (await startApp(place, { controllers: [ValuesController] })).client();
    await client.get('/write');
    expect((await client.get('/by-http-alone')).body).toBe('value');
  });

  it('hands a session through a ValidationPipe that looks at custom decorators', async () => {
    const { client } = await startApp(place, {
      controllers: [ValuesController],
      configure: (app) =>
        app.useGlobalPipes(
          new ValidationPipe({ validateCustomDecorators: true, transform: true, whitelist: true }),
        ),
    });
    const visitor = client();
    expect((await visitor.get('/write')).status).toBe(200);
    expect((await visitor.get('/values')).json).toEqual({ ours: 'value' });
  });
});

describe.each(adapters)('%s', (adapter) => {
  it('says that a message of a microservice has no session', async () => {
    const { sessions } = await startApp(adapter);
    const context = new ExecutionContextHost([{}, {}]);
    context.setType('rpc');
    await expect(sessions.get(context)).rejects.toThrow('This rpc context holds no HTTP request');
  });
});

describeWithLibraries('libraries beside ours', () => {
  const onExpress = places.filter((place) => place.startsWith('Express'));

  describe.each(onExpress)('express-session on %s', (place) => {
    const beside = async (requestSession: boolean) =>
      startApp(place, {
        controllers: [ValuesController],
        session: { requestSession },
        configure: async (app) => {
          const session = await library('express-session');
          app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
        },
      });

    it('runs too with requestSession: false, as a migration needs it', async () => {
      const client = (await beside(false)).client();
      await client.get('/write');
      await client.get('/their-write');
      expect((await client.get('/values')).json).toEqual({ ours: 'value' });
      expect((await client.get('/theirs')).json).toEqual({ theirs: 'value' });
    });

    it('is named in one line without it', async () => {
      takeLogs();
      await beside(true);
      expect(takeLogs().warnings).toContainEqual(
        expect.stringMatching(/^express-session stands .*requestSession: false/),
      );
    });
  });

  it.each(places)('lets CacheInterceptor keep an answer for one session, on %s', async (place) => {
    const { CacheInterceptor, CacheModule } = await moduleOf('@nestjs/cache-manager');

    @Injectable()
    class SessionCacheInterceptor extends CacheInterceptor {
      @Inject(SessionService) private readonly sessions!: SessionService;

      async trackBy(context: ExecutionContext) {
        const key = super.trackBy(context);
        if (key === undefined) return undefined;
        return `${key} ${(await this.sessions.get(context)).id}`;
      }
    }

    @Controller()
    class CachedController {
      @Get('sign-in') signIn(@Session() ss: Session) {
        ss.set('user', Math.random());
        return {};
      }
      @Get('me') @UseInterceptors(SessionCacheInterceptor) me(@Session() ss: Session) {
        return { user: ss.get('user'), at: Math.random() };
      }
    }

    const store = await storeOf(place);
    const { client } = await startApp(place, {
      imports: [
        SessionModule.forRoot({
          secret: SECRET,
          name: 'sid',
          ...(store === undefined ? {} : { store, storeTimeout: '60s' }),
        }),
        CacheModule.register({ ttl: 60_000 }),
      ],
      controllers: [CachedController],
    });
    const [one, other] = [client(), client()];
    await one.get('/sign-in');
    await other.get('/sign-in');
    const first = (await one.get('/me')).json;
    expect((await one.get('/me')).json).toEqual(first);
    expect((await other.get('/me')).json.user).not.toBe(first.user);
  });

  it('gives nestjs-i18n the language of a session, on each adapter, in a cookie and in memory', async () => {
    assertBuilt();
    const { stdout } = await run(process.execPath, [join(ROOT, 'test/integration/i18n.mjs')]);
    expect(JSON.parse(stdout)).toEqual(Array.from({ length: 4 }, () => ['Hello', 'Hallo']));
  });
});
