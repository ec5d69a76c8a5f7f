import { Controller, Get, Header, Query, Res } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { MemorySessionStore, Session } from 'nestjs-typed-session';
import { adapters, closeApps, isInStore, places, startApp, type TestApp } from './support/app.js';
import { attributes } from './support/client.js';
import { WatchedStore } from './support/watched-store.js';

@Controller()
class CookieController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'one\r\nSet-Cookie: evil=1\r\n\r\nbody');
    ss.addFlash('two\r\nX-Evil: 1', 'key\r\nX-Evil: 1');
  }
  @Get('own') own(@Session() ss: Session) {
    ss.cookie.path = '/own';
    ss.cookie.domain = 'example.com';
    ss.set('key', 'value');
  }
  @Get('own/out') ownOut(@Session() ss: Session) {
    return ss.destroy();
  }
  @Get('out') out(@Session() ss: Session) {
    return ss.destroy();
  }
  @Get('read') read(@Session() ss: Session) {
    return { key: ss.get('key') ?? null };
  }
  @Get('vary') @Header('Vary', 'Accept, Cookie') vary(@Session() ss: Session) {
    ss.has('key');
  }
  @Get('vary-lower') @Header('Vary', 'accept,cookie') varyLower(@Session() ss: Session) {
    ss.has('key');
  }
  @Get('vary-all') @Header('Vary', '*') varyAll(@Session() ss: Session) {
    ss.has('key');
  }
  @Get('vary-other') @Header('Vary', 'Accept, X-Cookie') varyOther(@Session() ss: Session) {
    ss.has('key');
  }
  @Get('text') text(@Session() ss: Session, @Query('text') text: string) {
    ss.set('text', text);
    return {};
  }
  @Get('noop') noop() {
    return 'noop';
  }
  @Get('health') health(@Res() res: { send(body: string): void }) {
    res.send('ok');
  }
}

/** All that a server answers to one request, as it came over the wire. */
function raw(url: string, path: string, cookie = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1', () => {
      const header = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${header}Connection: close\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

const headersOf = (answer: string) => answer.split('\r\n\r\n')[0].split('\r\n').slice(1);

describe.each(places)('on %s', (place) => {
  afterAll(closeApps);

  describe('statement 24: the deletion of a cookie', () => {
    const expected = (line: string) => {
      const { path, domain, secure } = attributes(line);
      return { name: line.split('=')[0], path, domain, secure };
    };

    it.each<[string, object, string, string]>([
      ['as the module says', { path: '/', domain: 'example.com' }, '/set', '/out'],
      ['as the session says', {}, '/own', '/own/out'],
    ])('has the name, Path, Domain and Secure of the cookie: %s', async (_, cookie, set, out) => {
      const client = (
        await startApp(place, { controllers: [CookieController], session: { cookie } })
      ).client();
      const [line] = (await client.get(set)).setCookies;
      const [deletion] = (await client.get(out)).setCookies;
      expect(attributes(deletion)['max-age']).toBe('0');
      expect(expected(deletion)).toEqual(expected(line));
      expect(expected(line).domain).toBe('example.com');
    });

    it('has no Domain and is Secure where the name begins with __Host-', async () => {
      const app = await startApp(place, {
        controllers: [CookieController],
        session: { name: undefined, cookie: { secure: true } },
        trustProxy: true,
      });
      const client = app.client();
      const proxied = { 'x-forwarded-proto': 'https' };
      const [line] = (await client.get('/set', proxied)).setCookies;
      const [deletion] = (await client.get('/out', proxied)).setCookies;
      expect(expected(line)).toEqual({
        name: '__Host-session',
        path: '/',
        domain: undefined,
        secure: true,
      });
      expect(attributes(deletion)['max-age']).toBe('0');
      expect(expected(deletion)).toEqual(expected(line));
    });

    it('is not sent to who has a cookie whose name ends alike (16.7)', async () => {
      const app = await startApp(place, { controllers: [CookieController] });
      expect((await app.client().get('/out', { cookie: 'mysid=1' })).setCookies).toEqual([]);
    });
  });

  describe('statements 44 and 46: the header', () => {
    it('has each attribute once, one line for each cookie, and no line of what data hold', async () => {
      const app = await startApp(place, { controllers: [CookieController] });
      const cookie = `sid=${await app.sessions.begin({ key: 'value' })}`;
      for (const path of ['/set', '/own', '/out']) {
        const lines = headersOf(await raw(app.url, path, cookie));
        const setCookies = lines.filter((line) => /^set-cookie:/i.test(line));
        expect(setCookies).toHaveLength(1);
        const names = setCookies[0]
          .split(/; */)
          .slice(1)
          .map((attribute) => attribute.split('=')[0].toLowerCase());
        expect(names.length).toBeGreaterThan(2);
        expect(new Set(names).size).toBe(names.length);
        expect(setCookies[0]).not.toMatch(/, *sid=/);
        expect(lines.filter((line) => /evil/i.test(line))).toEqual([]);
      }
    });
  });

  describe('statement 78: a text that repeats itself', () => {
    it('makes no shorter cookie than one that does not, since nothing is compressed', async () => {
      const { client } = await startApp(place, { controllers: [CookieController] });
      const lengthOf = async (text: string) => {
        const visitor = client();
        await visitor.get(`/text?text=${text}`);
        return visitor.jar.get('sid')!.length;
      };
      const random = randomBytes(1_000).toString('hex');
      expect(await lengthOf('a'.repeat(random.length))).toBe(await lengthOf(random));
    });
  });

  describe('statement 79: a session', () => {
    it('is in one cookie: pieces of it are none, and none is set', async () => {
      const { client, sessions } = await startApp(place, { controllers: [CookieController] });
      const token = await sessions.begin({ key: 'value' });
      const half = token.length / 2;
      const pieces = `sid.0=${token.slice(0, half)}; sid.1=${token.slice(half)}`;
      expect((await client().get('/read', { cookie: pieces })).json).toEqual({ key: null });
      const visitor = client();
      const answer = await visitor.get(`/text?text=${'a'.repeat(5_000)}`);
      expect(answer.setCookies).toHaveLength(isInStore(place) ? 1 : 0);
      expect(answer.status).toBe(isInStore(place) ? 200 : 500);
    });
  });

  describe('statement 55: Vary', () => {
    it.each([
      ['/vary', 'Accept, Cookie'],
      ['/vary-lower', 'accept,cookie'],
      ['/vary-all', '*'],
      ['/vary-other', 'Accept, X-Cookie, Cookie'],
      ['/read', 'Cookie'],
    ])('is merged with what is there, and nothing stands twice: %s', async (path, vary) => {
      const app = await startApp(place, { controllers: [CookieController] });
      expect((await app.client().get(path)).headers.vary).toBe(vary);
    });
  });
});

describe.each(adapters)('statements 51 and 57: who does not use the session, on %s', (adapter) => {
  const store = new WatchedStore(new MemorySessionStore());
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(adapter, { controllers: [CookieController], session: { store } });
  });
  afterAll(closeApps);

  it.each(['/noop', '/health', '/nowhere.css'])(
    'makes no session, no header and no call of the store, with a cookie or without: %s',
    async (path) => {
      const cookies = ['', 'sid=bad', `sid=${await app.sessions.begin({ key: 'value' })}`];
      store.takeCalls();
      for (const cookie of cookies) {
        for (const method of ['GET', 'HEAD']) {
          const { headers, setCookies } = await app.client().send(method, path, { cookie });
          expect(setCookies).toEqual([]);
          expect([headers.vary, headers['cache-control']]).toEqual([undefined, undefined]);
        }
      }
      expect(store.takeCalls()).toEqual([]);
    },
  );

  it('sees the calls of the store where the session is used', async () => {
    store.takeCalls();
    const client = app.client();
    await client.get('/read');
    expect(store.takeCalls()).toEqual([]);
    await client.get('/set');
    await client.get('/read');
    await client.get('/out');
    expect(store.takeCalls()).toEqual(['write', 'read', 'read', 'remove']);
  });
});
