import { Controller, Get, HttpException, Param, Res } from '@nestjs/common';
import { MemorySessionStore, Session, type SessionOptions } from 'nestjs-typed-session';
import { adapters, closeApps, places, startApp, takeLogs, type TestApp } from './support/app.js';
import { WatchedStore } from './support/watched-store.js';

@Controller()
class FailureController {
  @Get('in') signIn(@Session() ss: Session) {
    ss.set('user', 'peter');
  }
  @Get('read') read(@Session() ss: Session) {
    return ss.values;
  }
  @Get('save/:status') async save(@Session() ss: Session, @Param('status') status: string) {
    ss.set('saved', 'yes');
    await ss.save();
    ss.set('lost', 'yes');
    throw new HttpException('meant', Number(status));
  }
  @Get('destroy/:status') async destroy(@Session() ss: Session, @Param('status') status: string) {
    await ss.destroy();
    ss.set('lost', 'yes');
    throw new HttpException('meant', Number(status));
  }
  @Get('write') write(@Session() ss: Session) {
    ss.set('written', 'yes');
    return 'written';
  }
  @Get('write-after-save') async writeAfterSave(@Session() ss: Session) {
    ss.set('saved', 'yes');
    await ss.save();
    ss.set('written', 'yes');
  }
  @Get('raw-header') rawHeader(@Session() ss: Session, @Res() res: Native) {
    ss.set('lost', 'yes');
    (res.raw ?? res).setHeader('X-Bad', 'fine');
    (res.raw ?? res).writeHead(200, { 'X-Bad': 'a\u4e00b' });
    (res.raw ?? res).end('never');
  }
  @Get('raw-status') rawStatus(@Session() ss: Session, @Res() res: Native) {
    ss.set('lost', 'yes');
    (res.raw ?? res).writeHead(99);
    (res.raw ?? res).end('never');
  }
}

interface Native {
  raw?: Native;
  setHeader(name: string, value: string): void;
  writeHead(status: number, headers?: object): void;
  end(text: string): void;
}

describe.each(places)('on %s', (place) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(place, { controllers: [FailureController] });
  });
  afterAll(closeApps);

  const signedIn = async () => {
    const client = app.client();
    await client.get('/in');
    return client;
  };

  describe('statement 68: a request that fails after it saved or ended its session', () => {
    it.each([500, 503])('keeps what it saved and no more at %i', async (status) => {
      const client = await signedIn();
      expect((await client.get(`/save/${status}`)).status).toBe(status);
      expect((await client.get('/read')).json).toEqual({ user: 'peter', saved: 'yes' });
    });

    it.each([400, 404])('keeps all at %i', async (status) => {
      const client = await signedIn();
      expect((await client.get(`/save/${status}`)).status).toBe(status);
      expect((await client.get('/read')).json).toEqual({
        user: 'peter',
        saved: 'yes',
        lost: 'yes',
      });
    });

    it.each([400, 500])('is signed out at %i', async (status) => {
      const client = await signedIn();
      expect((await client.get(`/destroy/${status}`)).status).toBe(status);
      const values = (await client.get('/read')).json as object;
      expect(values).toEqual(status === 400 ? { lost: 'yes' } : {});
    });

    it.each(['raw-header', 'raw-status'])('keeps nothing where Node refuses: %s', async (path) => {
      const client = await signedIn();
      expect((await client.get(`/${path}`)).status).toBe(500);
      expect((await client.get('/read')).json).toEqual({ user: 'peter' });
    });
  });

  describe('commitOn that throws (16.4)', () => {
    it.each<[string, unknown, number]>([
      ['an error', new Error('meant'), 500],
      ['a status of 0', Object.assign(new Error('meant'), { statusCode: 0 }), 500],
      ['a status of 204', Object.assign(new Error('meant'), { statusCode: 204 }), 500],
      ['a status of 302', Object.assign(new Error('meant'), { statusCode: 302 }), 500],
      ['a text as status', Object.assign(new Error('meant'), { statusCode: 'bad' }), 500],
      ['a status of 600', Object.assign(new Error('meant'), { statusCode: 600 }), 500],
      ['nothing', undefined, 500],
    ])('is answered, without the change: %s', async (_what, thrown, status) => {
      let throws = false;
      const commitOn: SessionOptions['commitOn'] = () => {
        if (throws) throw thrown;
        return true;
      };
      const throwing = await startApp(place, {
        controllers: [FailureController],
        session: { commitOn },
      });
      const client = throwing.client();
      await client.get('/in');
      throws = true;
      for (const path of ['/write', '/nowhere', '/raw-header']) {
        const answer = await client.get(path);
        expect([path, answer.status]).toEqual([path, path === '/nowhere' ? 404 : status]);
      }
      throws = false;
      expect((await client.get('/read')).json).toEqual({ user: 'peter' });
    });
  });
});

describe.each(adapters)('a store that fails, on %s', (adapter) => {
  const store = new WatchedStore(new MemorySessionStore());
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(adapter, { controllers: [FailureController], session: { store } });
  });
  afterAll(closeApps);
  beforeEach(() => {
    store.around = undefined;
    takeLogs();
  });

  describe('statement 65: at a write', () => {
    it('gives no 2xx and no cookie for what is not there, to who is new', async () => {
      store.around = (operation, proceed) => {
        if (operation === 'write') throw new Error('no connection');
        return proceed();
      };
      const answer = await app.client().get('/write');
      expect([answer.status, answer.setCookies]).toEqual([503, []]);
    });

    it('gives the cookie of what was saved before', async () => {
      let writes = 0;
      store.around = (operation, proceed) => {
        if (operation === 'write' && ++writes > 1) throw new Error('no connection');
        return proceed();
      };
      const client = app.client();
      const answer = await client.get('/write-after-save');
      expect([answer.status, answer.setCookies.length]).toEqual([503, 1]);
      store.around = undefined;
      expect((await client.get('/read')).json).toEqual({ saved: 'yes' });
    });
  });
});
