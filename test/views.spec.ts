import {
  type ArgumentsHost,
  Catch,
  Controller,
  Get,
  type HttpException,
  Render,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySessionStore, Session, SessionError, SessionService } from 'nestjs-typed-session';
import { fromGorilla, toGorilla } from 'nestjs-typed-session/adopt';
import { adapters, places, closeApps, startApp, takeLogs, type TestApp } from './support/app.js';
import { useViews } from './support/views.js';

const PAGE = `{{title}}|{{flash "notice"}}|{{flash "notice"}}|{{flash}}|{{flash "none"}}|{{session.values.user.name}}|{{session.values.deep.er}}`;

@Controller()
class PageController {
  @Get('page') @Render('page.hbs') page() {
    return { title: 'Shop' };
  }
  @Get('with-session') @Render('page.hbs') withSession(@Session() ss: Session) {
    ss.set('seen', true);
    return { title: 'Shop' };
  }
  @Get('plain-page') @Render('plain.hbs') plainPage() {
    return { title: 'Shop' };
  }
  @Get('own') @Render('page.hbs') own() {
    return { title: 'Shop', session: { values: { user: { name: 'mine' } } } };
  }
  @Get('bad') @Render('page.hbs') bad(@Session() ss: Session) {
    ss.values.bad = () => 1;
    return {};
  }
  @Get('nothing') @Render('plain.hbs') nothing() {}
}

describe.each(places)('a template on %s', (place) => {
  let app: TestApp;
  let sessions: SessionService;
  const views = mkdtempSync(join(tmpdir(), 'views-'));

  beforeAll(async () => {
    writeFileSync(join(views, 'page.hbs'), PAGE);
    writeFileSync(join(views, 'plain.hbs'), '{{title}}');
    app = await startApp(place, {
      controllers: [PageController],
      configure: (nest) => useViews(nest, views),
    });
    ({ sessions } = app);
  });
  afterAll(async () => {
    await closeApps();
    rmSync(views, { recursive: true });
  });

  const visitor = async (values: Record<string, unknown>) => {
    const client = app.client();
    client.jar.set('sid', await sessions.begin(values));
    return client;
  };

  it('shows the first flash of a key, and the values of the session', async () => {
    const client = await visitor({
      notice: ['saved', 'sent'],
      _flash: ['welcome!'],
      user: { name: 'peter' },
      deep: { er: 'value' },
    });
    const first = await client.get('/page');
    expect(first.body).toBe('Shop|saved|saved|welcome!||peter|value');
    expect(first.setCookies).toHaveLength(1);
    const second = await client.get('/page');
    expect(second.body).toBe('Shop|||||peter|value');
    expect(second.setCookies).toEqual([]);
  });

  it('shows nothing where there is no session', async () => {
    const answer = await app.client().get('/page');
    expect(answer.body).toBe('Shop||||||');
    expect(answer.setCookies).toEqual([]);
  });

  it.each<[unknown, string]>([
    [[5], '5'],
    [[null], ''],
    [[undefined], ''],
    [[{ text: 'x' }], '[object Object]'],
    [[['a', 'b']], 'a,b'],
    [[new Map([[1, 2]])], '[object Map]'],
    [[10n], '10'],
    [[], ''],
    ['no list', ''],
    [{ no: 'list' }, ''],
  ])('never fails by a flash of another kind: %p', async (notice, shown) => {
    const answer = await (await visitor({ notice })).get('/page');
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(`Shop|${shown}|${shown}||||`);
  });

  it('commits what the handler changed as well', async () => {
    const client = await visitor({ notice: ['saved'] });
    expect((await client.get('/with-session')).body).toMatch(/saved/);
    expect(await sessions.read(client.jar.get('sid')!)).toEqual({ seen: true });
  });

  it('costs nothing where it does not look at the session', async () => {
    const answer = await (await visitor({ notice: ['saved'] })).get('/plain-page');
    expect(answer.body).toBe('Shop');
    expect(answer.headers).not.toHaveProperty('vary');
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('is rendered without variables too', async () => {
    expect((await app.client().get('/nothing')).body).toBe('');
  });

  it('sees a variable of its own before a helper of the same name', async () => {
    const answer = await (await visitor({ user: { name: 'peter' } })).get('/own');
    expect(answer.body).toBe('Shop|||||mine|');
  });

  it('is not rendered where the session cannot be kept', async () => {
    const answer = await app.client().get('/bad');
    expect(answer.status).toBe(500);
    expect(answer.setCookies).toEqual([]);
    expect(takeLogs().errors.join()).toContain('values.bad');
  });
});

/** Nest does not wait for what it does. */
@Catch()
class ErrorPage {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: HttpException | SessionError, host: ArgumentsHost): void {
    const response: unknown = host.switchToHttp().getResponse();
    const { httpAdapter } = this.host;
    httpAdapter.status(
      response,
      error instanceof SessionError ? error.statusCode! : error.getStatus(),
    );
    void httpAdapter.render(response, 'page.hbs', { title: error.name });
  }
}

class FailingStore extends MemorySessionStore {
  isAway = false;

  override async read(key: string) {
    if (this.isAway) throw new Error('away');
    return super.read(key);
  }
}

describe.each(adapters)('a page of a filter on %s, while the store is away', (place) => {
  const store = new FailingStore();
  const views = mkdtempSync(join(tmpdir(), 'views-'));
  let app: TestApp;
  let cookie: string;

  beforeAll(async () => {
    writeFileSync(join(views, 'page.hbs'), PAGE);
    app = await startApp(place, {
      controllers: [PageController],
      providers: [{ provide: APP_FILTER, useClass: ErrorPage }],
      session: { store },
      configure: (nest) => useViews(nest, views),
    });
    cookie = `sid=${await app.sessions.begin({ notice: ['saved'], user: { name: 'peter' } })}`;
  });
  afterAll(async () => {
    await closeApps();
    rmSync(views, { recursive: true });
  });
  beforeEach(() => {
    store.isAway = true;
  });
  afterEach(() => {
    store.isAway = false;
  });

  it.each([
    ['the store itself', '/page', 503, 'SessionError'],
    ['the store itself, in a handler', '/with-session', 503, 'SessionError'],
    ['something else', '/nowhere', 404, 'NotFoundException'],
  ])('tells of %s, and shows nothing of the session', async (_, path, status, name) => {
    const answer = await app.client().get(path, { cookie });
    expect([answer.status, answer.body]).toEqual([status, `${name}||||||`]);
    expect(answer.setCookies).toEqual([]);
  });

  it('leaves the session as it was', async () => {
    await app.client().get('/page', { cookie });
    store.isAway = false;
    const answer = await app.client().get('/page', { cookie });
    expect(answer.body).toBe('Shop|saved|saved|||peter|');
  });
});

describe.each(places)('a template that shows an adopted session, on %s', (place) => {
  const views = mkdtempSync(join(tmpdir(), 'views-'));
  afterAll(async () => {
    await closeApps();
    rmSync(views, { recursive: true });
  });

  it('shows its values and its flashes, also where the handler takes no session', async () => {
    writeFileSync(join(views, 'page.hbs'), PAGE);
    const old = { name: 'old', hashKey: 'k'.repeat(32) };
    const app = await startApp(place, {
      controllers: [PageController],
      session: { adopt: fromGorilla(old) },
      configure: (nest) => useViews(nest, views),
    });
    for (const path of ['/page', '/with-session']) {
      const client = app.client();
      const user = { name: `peter of ${place} at ${path}` };
      client.jar.set('old', toGorilla(old).write({ user, _flash: ['welcome!'] }));
      const answer = await client.get(path);
      expect(answer.body).toBe(`Shop|||welcome!||${user.name}|`);
      expect([...client.jar.keys()]).toEqual(['sid']);
      expect((await client.get(path)).body).toBe(`Shop|||||${user.name}|`);
    }
  });
});
