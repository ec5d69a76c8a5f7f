import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Param,
  Query,
  Redirect,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { once } from 'node:events';
import { connect } from 'node:net';
import { of } from 'rxjs';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Session, SessionError, type StoredSession } from 'nestjs-typed-session';
import { RedisSessionStore } from 'nestjs-typed-session/redis';
import { native } from './support/native.js';
import { adapters, closeApps, startApp, takeLogs, type TestApp } from './support/app.js';
import type { Client } from './support/client.js';
import { DEADLINE, holdDeadlines } from './support/deadlines.js';
import { Latch, Latches } from './support/latch.js';
import { describeWithRedis, RedisServer } from './support/redis-server.js';
import { recordEvents } from './support/session-events.js';
import { storeOf } from './support/stores.js';
import { atomicPlaces, WatchedStore } from './support/watched-store.js';

const latches = new Latches();

/** What an application may do to a session. */
const changes: Record<string, (ss: Session) => unknown> = {
  set: (ss) => ss.set('key', 'changed'),
  'values.x =': (ss) => (ss.values.key = 'changed'),
  delete: (ss) => ss.delete('key'),
  clear: (ss) => ss.clear(),
  addFlash: (ss) => ss.addFlash('flash'),
  keepFlashes: (ss) => ss.keepFlashes(),
  increment: (ss) => ss.increment('count'),
  'cookie.maxAge =': (ss) => (ss.cookie.maxAge = 60),
  save: (ss) => ss.save(),
  regenerate: (ss) => ss.regenerate(),
  destroy: (ss) => ss.destroy(),
};

@Catch(SessionError)
class SessionErrorFilter implements ExceptionFilter {
  catch(error: SessionError, host: ArgumentsHost) {
    host.switchToHttp().getResponse().status(507).send({ code: error.code });
  }
}

@Controller()
class FaultController {
  @Get('set/:value') set(@Session() ss: Session, @Param('value') value: string) {
    ss.set('key', value);
    return 'set';
  }
  @Get('keep/:key') keep(@Session() ss: Session, @Param('key') key: string) {
    ss.set(key, 'kept');
    return 'kept';
  }
  @Get('fill') fill(@Session() ss: Session, @Query('bytes') bytes: string) {
    ss.set('filling', 'x'.repeat(Number(bytes)));
  }
  @Get('read') read(@Session() ss: Session) {
    return { values: ss.values };
  }
  @Get('noop') noop() {
    return 'untouched';
  }
  @Get('change/:what') async change(@Session() ss: Session, @Param('what') what: string) {
    await changes[what](ss);
    return 'changed';
  }
  @Get('unawaited/:what') unawaited(@Session() ss: Session, @Param('what') what: string) {
    void changes[what](ss);
    return 'at once';
  }
  @Get('try/:what') async try(@Session() ss: Session, @Param('what') what: string) {
    try {
      await changes[what](ss);
      return { code: null };
    } catch (error) {
      return { code: (error as SessionError).code };
    }
  }
  @Get('slow') async slow(@Session() ss: Session) {
    ss.get('key');
    await latches.of('slow').wait();
    ss.set('key', 'slow');
    return 'slow';
  }
  @Get('filtered') @UseFilters(SessionErrorFilter) filtered(@Session() ss: Session) {
    ss.set('key', 'changed');
    return 'never sent';
  }

  @Get('leave/value') value(@Session() ss: Session) {
    ss.set('key', 'changed');
    return { never: 'sent' };
  }
  @Get('leave/redirect') @Redirect('/elsewhere') redirect(@Session() ss: Session) {
    ss.set('key', 'changed');
  }
  @Get('leave/file') file(@Session() ss: Session) {
    ss.set('key', 'changed');
    return new StreamableFile(Buffer.from('never sent'));
  }
  @Sse('leave/sse') sse(@Session() ss: Session) {
    ss.set('key', 'changed');
    return of({ data: 'never sent' });
  }
  @Get('leave/send') send(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    res.status(201).send({ never: 'sent' });
  }
  @Get('leave/res-redirect') resRedirect(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    res.status(302).redirect('/elsewhere');
  }
  @Get('leave/end') end(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    native(res).end('never sent');
  }
  @Get('leave/head') head(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    native(res).writeHead(200, { 'content-length': 10, etag: '"1"' }).end('never sent');
  }
  @Get('leave/write') write(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    const response = native(res);
    response.write('never ', () => response.end('sent'));
  }
  @Get('leave/flush') flush(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'changed');
    const response = native(res);
    response.flushHeaders();
    response.end('never sent');
  }

  @Get('wrong/header') wrongHeader(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'wrong');
    (res.raw ?? res).writeHead(200, { 'x-wrong': 'a\nb' }).end('never sent');
  }
  @Get('wrong/status') wrongStatus(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'wrong');
    (res.raw ?? res).writeHead(99).end('never sent');
  }
  @Get('wrong/body') wrongBody(@Session() ss: Session, @Res() res: any) {
    ss.set('key', 'wrong');
    (res.raw ?? res).end({ no: 'text' });
  }
}

const WAYS = [
  'value',
  'redirect',
  'file',
  'sse',
  'send',
  'res-redirect',
  'end',
  'head',
  'write',
  'flush',
];

/** What takes longer hangs; a slow machine, or one that does other things too, does not. */
const HANG = 20_000;

const deadlines = holdDeadlines();

const failure = new Error('out of order');

/** How a store fails. */
const faults: Record<string, () => Promise<never>> = {
  rejects: async () => {
    throw failure;
  },
  'throws at once': () => {
    throw failure;
  },
  'never answers': () => {
    deadlines.passSoon();
    return new Promise(() => {});
  },
};

/** @returns what came, and after how many milliseconds */
async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await act();
  return [result, performance.now() - start];
}

async function promptly<T>(act: () => Promise<T>): Promise<T> {
  const [result, time] = await timed(act);
  expect(time).toBeLessThan(HANG);
  return result;
}

async function begun(app: TestApp): Promise<Client> {
  const client = app.client();
  expect((await client.get('/set/old')).status).toBe(200);
  return client;
}

describe.each(atomicPlaces)('a store that fails, on %s', (place) => {
  let app: TestApp;
  let anonymous: TestApp;
  let store: WatchedStore;
  const events = recordEvents();

  beforeAll(async () => {
    store = new WatchedStore((await storeOf(place))!);
    const session = { store, storeTimeout: DEADLINE / 1000 };
    const controllers = [FaultController];
    app = await startApp(place, { controllers, session });
    anonymous = await startApp(place, {
      controllers,
      session: { ...session, onStoreError: 'anonymous' },
    });
  });
  afterAll(closeApps);
  beforeEach(() => {
    latches.renew();
    store.keys.clear();
    takeLogs();
  });
  afterEach(() => {
    store.around = undefined;
    latches.renew();
  });

  const valuesOf = async (client: Client) => (await client.get('/read')).json.values;

  /** Lets calls of these operations fail. */
  function breakAt(fault: string, ...operations: string[]): void {
    store.around = (operation, proceed) =>
      operations.includes(operation) ? faults[fault]() : proceed();
  }

  describe.each(Object.keys(faults))('and %s', (fault) => {
    it('statements 64 and 66: is a 503 for who reads, in time, and works again when it does', async () => {
      const client = await begun(app);
      breakAt(fault, 'read');
      const answer = await promptly(() => client.get('/read'));
      expect(answer.status).toBe(503);
      expect(answer.json).toMatchObject({ statusCode: 503 });
      expect(answer.setCookies).toEqual([]);
      expect(events.take('failed')).toMatchObject([
        { operation: 'read', error: expect.any(Error) },
      ]);
      expect((await client.get('/noop')).status).toBe(200);
      store.around = undefined;
      expect(await valuesOf(client)).toEqual({ key: 'old' });
    });

    // Each waits for the deadline twice: two ways will do, one of Nest's and one round it.
    it.each(fault === 'never answers' ? ['value', 'head'] : WAYS)(
      'is a 503 for who writes, and leaves by %s',
      async (way) => {
        const client = await begun(app);
        const fresh = app.client();
        breakAt(fault, 'write');
        for (const one of [client, fresh]) {
          const answer = await promptly(() => one.get(`/leave/${way}`));
          expect(answer.status).toBe(503);
          expect(answer.json).toMatchObject({ statusCode: 503 });
          expect(answer.setCookies).toEqual([]);
          expect(answer.headers.etag).not.toBe('"1"');
          expect(answer.headers).not.toHaveProperty('location');
          expect((await one.get('/noop')).body).toBe('untouched');
        }
        store.around = undefined;
        expect(await valuesOf(client)).toEqual({ key: 'old' });
        expect(await store.entries()).toHaveLength(1);
      },
    );

    it('statement 65: can be answered by a filter for SessionError, without a cookie', async () => {
      breakAt(fault, 'write');
      const answer = await app.client().get('/filtered');
      expect([answer.status, answer.json]).toEqual([507, { code: 'SESSION_STORE' }]);
      expect(answer.setCookies).toEqual([]);
    });

    it.each(['increment', 'destroy', 'regenerate'])(
      'is a 503 for %s, and the session is what it was',
      async (what) => {
        const client = await begun(app);
        const cookie = client.jar.get('sid');
        breakAt(fault, 'write', 'remove');
        for (const path of [`/change/${what}`, `/unawaited/${what}`]) {
          const answer = await client.get(path);
          expect(answer.status).toBe(503);
          expect(answer.setCookies).toEqual([]);
        }
        store.around = undefined;
        expect(client.jar.get('sid')).toBe(cookie);
        expect(await valuesOf(client)).toEqual({ key: 'old' });
      },
    );

    it('keeps a session under its old id where the old entry cannot be taken away', async () => {
      const client = await begun(app);
      breakAt(fault, 'remove');
      expect((await client.get('/change/regenerate')).status).toBe(503);
      store.around = undefined;
      expect(await valuesOf(client)).toEqual({ key: 'old' });
      expect((await client.get('/change/regenerate')).status).toBe(200);
      expect(await valuesOf(client)).toEqual({ key: 'old' });
    });
  });

  it('ends its calls by the clock, at the time that it is given', async () => {
    const TIMEOUT = 150;
    const client = await begun(app);
    const hurried = await startApp(place, {
      controllers: [FaultController],
      session: { store, storeTimeout: TIMEOUT / 1000 },
    });
    const reader = hurried.client();
    reader.jar.set('sid', client.jar.get('sid')!);
    breakAt('never answers', 'read');
    const [answer, time] = await timed(() => reader.get('/read'));
    expect(answer.status).toBe(503);
    // A timer may be a millisecond early.
    expect(time).toBeGreaterThanOrEqual(TIMEOUT - 1);
    expect(time).toBeLessThan(HANG);
  });

  describe('and does late what it was asked for', () => {
    /** Does it once the test lets it, long after its time. */
    function delayAt(operation: string): { done: () => Promise<unknown> } {
      const late: Promise<unknown>[] = [];
      store.around = (called, proceed) => {
        if (called !== operation) return proceed();
        const call = latches.of('late').wait().then(proceed);
        late.push(call);
        deadlines.passSoon();
        return call;
      };
      return {
        done: () => {
          store.around = undefined;
          latches.of('late').open();
          return Promise.all(late);
        },
      };
    }

    it('has the session of that write or of the one before, and takes the next', async () => {
      const client = await begun(app);
      const late = delayAt('write');
      expect((await client.get('/keep/late')).status).toBe(503);
      await late.done();
      expect(await valuesOf(client)).toEqual({ key: 'old', late: 'kept' });
      await client.get('/set/new');
      expect(await valuesOf(client)).toEqual({ key: 'new', late: 'kept' });
    });

    it('does not undo what was written since', async () => {
      const client = await begun(app);
      const late = delayAt('write');
      expect((await client.get('/set/late')).status).toBe(503);
      store.around = undefined;
      expect((await client.get('/set/new')).status).toBe(200);
      await late.done();
      expect(await valuesOf(client)).toEqual({ key: 'new' });
    });

    it('does not bring back what was ended since', async () => {
      const client = await begun(app);
      const tab = app.client();
      tab.jar.set('sid', client.jar.get('sid')!);
      const late = delayAt('write');
      expect((await client.get('/set/late')).status).toBe(503);
      store.around = undefined;
      expect((await client.get('/change/destroy')).status).toBe(200);
      await late.done();
      expect(await valuesOf(tab)).toEqual({});
      expect(await store.entries()).toEqual([]);
    });
  });

  describe('statement 64: where that may leave the session empty', () => {
    it.each(Object.keys(faults))('goes on without, and tells: a store that %s', async (fault) => {
      const client = await begun(app);
      const reader = anonymous.client();
      reader.jar.set('sid', client.jar.get('sid')!);
      breakAt(fault, 'read');
      const answer = await promptly(() => reader.get('/read'));
      expect([answer.status, answer.json]).toEqual([200, { values: {} }]);
      expect(answer.setCookies).toEqual([]);
      expect(events.take('failed')).toMatchObject([{ operation: 'read' }]);
      store.around = undefined;
      expect(await valuesOf(reader)).toEqual({ key: 'old' });
    });

    it.each(Object.keys(changes))('refuses what cannot be kept: %s', async (what) => {
      const client = await begun(app);
      const writer = anonymous.client();
      writer.jar.set('sid', client.jar.get('sid')!);
      breakAt('rejects', 'read');
      const answer = await writer.get(`/try/${encodeURIComponent(what)}`);
      expect(answer.json).toEqual({ code: 'SESSION_STORE' });
      expect(answer.setCookies).toEqual([]);
      expect((await writer.get(`/change/${encodeURIComponent(what)}`)).status).toBe(503);
      store.around = undefined;
      expect(await valuesOf(client)).toEqual({ key: 'old' });
    });

    it('is a 503 all the same for who writes', async () => {
      breakAt('rejects', 'write');
      const answer = await anonymous.client().get('/set/value');
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
    });
  });

  describe('and holds another record than was written', () => {
    let foreign: StoredSession;

    beforeAll(async () => {
      const other = app.client();
      store.keys.clear();
      await other.get('/set/of-another');
      [foreign] = await store.entries();
    });

    /** An application that seals nothing in its store. */
    let plain: TestApp;

    beforeAll(async () => {
      plain = await startApp(place, {
        controllers: [FaultController],
        session: { store, encryptAtRest: false },
      });
    });

    const flipped = (text: string, at: number) => {
      const i = Math.floor(text.length * at);
      return `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`;
    };

    it.each<[string, (stored: StoredSession) => Partial<StoredSession>, string | undefined]>([
      [
        'with a flipped first character',
        ({ text }) => ({ text: flipped(text, 0) }),
        'unknown-version',
      ],
      ['with a flipped character', ({ text }) => ({ text: flipped(text, 0.5) }), 'bad-seal'],
      ['that was cut', ({ text }) => ({ text: text.slice(0, -8) }), 'bad-seal'],
      ['that is empty', () => ({ text: '' }), 'malformed'],
      ['that is no text', () => ({ text: undefined }), 'malformed'],
      ['of another session', () => foreign, 'malformed'],
      ['of a newer seal', ({ text }) => ({ text: `2${text.slice(1)}` }), 'unknown-version'],
      ['that is JSON', () => ({ text: '{"user":"root"}'.padEnd(200) }), 'unknown-version'],
      ['with an end that is none', () => ({ expiresAt: Number.NaN }), undefined],
      ['without an end', () => ({ expiresAt: undefined }), undefined],
      ['with an end long ago', () => ({ expiresAt: 0 }), undefined],
      ['that never ends', () => ({ expiresAt: Infinity }), 'future'],
      ['that ends much later', () => ({ expiresAt: 1e15 }), 'future'],
    ])('takes none %s', async (_what, damage, reason) => {
      const client = await begun(app);
      const before = client.jar.get('sid');
      events.take('rejected');
      store.around = async (operation, proceed) => {
        const answer: any = await proceed();
        return operation === 'read' && answer !== undefined
          ? { ...answer, ...damage(answer) }
          : answer;
      };
      const answer = await client.get('/read');
      expect(answer.status).toBe(200);
      expect(answer.json.values).toEqual(reason === undefined ? { key: 'old' } : {});
      expect(answer.setCookies).toEqual([]);
      const rejected = events.take('rejected');
      expect(rejected.map((event) => event.reason)).toEqual(reason === undefined ? [] : [reason]);
      if (reason === undefined) return;
      expect(rejected[0].idHash).toMatch(/^[\w-]{22}$/);
      // What is written now is another session.
      expect((await client.get('/set/new')).setCookies).toHaveLength(1);
      store.around = undefined;
      expect(await valuesOf(client)).toEqual({ key: 'new' });
      client.jar.set('sid', before!);
      expect(await valuesOf(client)).toEqual({ key: 'old' });
    });

    it('goes on from a version that somebody else has given it', async () => {
      const client = await begun(app);
      const [key] = [...store.keys].slice(-1);
      const stored = (await store.store.read(key))!;
      await store.store.write(key, { ...stored, version: 'garbage "\n' }, stored.version);
      expect((await client.get('/keep/other')).status).toBe(200);
      expect(await valuesOf(client)).toEqual({ key: 'old', other: 'kept' });
    });

    it.each<[string, (key: string) => string]>([
      ['of an older schema', (key) => `{"id":"${key}","values":{"key":"older"}}`],
      ['of a schema with other times', (key) => `["${key}","now","now","later"]`],
      ['without a key', (key) => `["${key}",1,1,9e15]\n:1`],
      ['of a session of another key', () => `["${'k'.repeat(43)}",1,1,9e15]\n"key":"other"`],
      ['that is none', () => 'text'],
      ['of nothing', () => ''],
    ])('takes no plain text %s', async (_what, textOf) => {
      const client = await begun(plain);
      const [key] = [...store.keys].slice(-1);
      const stored = (await store.store.read(key))!;
      const replaced = { ...stored, text: textOf(key), version: 'another' };
      await store.store.write(key, replaced, stored.version);
      const answer = await client.get('/read');
      expect([answer.status, answer.json]).toEqual([200, { values: {} }]);
      expect(events.take('rejected')).toMatchObject([{ reason: 'malformed' }]);
    });

    it('survives plain text whose values were damaged', async () => {
      const client = await begun(plain);
      await client.get('/change/addFlash');
      await client.get('/change/increment');
      const [key] = [...store.keys].slice(-1);
      const slow = client.get('/slow');
      await latches.of('slow').reached;
      const stored = (await store.store.read(key))!;
      const damaged = stored.text.replace('["flash"]', '["fla').replace('"count":1', '"count":{');
      await store.store.write(key, { ...stored, text: damaged, version: 'other' }, stored.version);
      latches.of('slow').open();
      expect((await slow).status).toBe(200);
      expect((await client.get('/change/addFlash')).status).toBe(200);
      expect((await client.get('/read')).json.values).toMatchObject({
        key: 'slow',
        _flash: ['flash'],
      });
    });
  });

  describe('while a client goes away', () => {
    it('has what was written, and the server is in order', async () => {
      const client = await begun(app);
      store.around = async (operation, proceed) => {
        if (operation === 'write') await latches.of('write').wait();
        return proceed();
      };
      const { port } = new URL(app.url);
      const socket = connect(Number(port), '127.0.0.1');
      const cookie = `sid=${client.jar.get('sid')}`;
      for (const path of ['/set/new', '/leave/end']) {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
      }
      await latches.of('write').reached;
      socket.destroy();
      await once(socket, 'close');
      latches.of('write').open();
      store.around = undefined;
      await client.get('/keep/other');
      expect(await valuesOf(client)).toMatchObject({ other: 'kept' });
      expect(takeLogs().errors).toEqual([]);
    });
  });

  describe('with a response that Node refuses', () => {
    it.each(['header', 'status', 'body'])('answers a 500: a wrong %s', async (what) => {
      const client = await begun(app);
      const answer = await client.get(`/wrong/${what}`);
      expect(answer.status).toBe(500);
      expect(answer.body).not.toContain('never sent');
      expect((await client.get('/noop')).body).toBe('untouched');
    });
  });
});

/** Not by `once`, which rejects at the first error: there are many until a server is back. */
const readiness = (client: { once(event: 'ready', listener: () => void): unknown }) =>
  new Promise<void>((resolve) => void client.once('ready', resolve));

/** The clients as an application has them: they keep commands while there is no connection. */
const clients = {
  'redis 6': async (url: string) => {
    const client = createClient({ url });
    client.on('error', () => {});
    await client.connect();
    return { client, ready: () => readiness(client), close: () => client.destroy() };
  },
  'ioredis 6': async (url: string) => {
    const client = new Redis(url);
    client.on('error', () => {});
    await readiness(client);
    return { client, ready: () => readiness(client), close: () => client.disconnect() };
  },
};

describeWithRedis('faults of Redis', () => {
  describe.each(
    adapters.flatMap((adapter) =>
      (Object.keys(clients) as (keyof typeof clients)[]).map((library) => ({ adapter, library })),
    ),
  )('on $adapter with $library', ({ adapter, library }) => {
    let server: RedisServer;
    let connection: Awaited<ReturnType<(typeof clients)[keyof typeof clients]>>;
    let store: WatchedStore;
    let app: TestApp;
    const events = recordEvents();

    beforeAll(async () => {
      // What was acknowledged is on the disk.
      server = await RedisServer.start({
        args: ['--appendonly', 'yes', '--appendfsync', 'always'],
      });
      connection = await clients[library](server.url);
      store = new WatchedStore(new RedisSessionStore(connection.client));
      app = await startApp(adapter, {
        controllers: [FaultController],
        session: { store, storeTimeout: DEADLINE / 1000 },
      });
    });
    afterAll(async () => {
      await closeApps();
      connection?.close();
      await server?.stop();
    });
    beforeEach(() => latches.renew());
    afterEach(() => {
      store.around = undefined;
      latches.renew();
    });

    const valuesOf = async (client: Client) => (await client.get('/read')).json.values;

    /** Kills Redis; the result starts it again and waits for the client's own way back. */
    async function kill(): Promise<() => Promise<void>> {
      await server.kill();
      // A client may keep what it was asked for until there is a server again.
      deadlines.pass();
      store.around = (_operation, proceed) => {
        deadlines.passSoon();
        return proceed();
      };
      return async () => {
        const isBack = connection.ready();
        await server.startAgain();
        await isBack;
        store.around = undefined;
      };
    }

    it('killed in the middle of a request: a 503 in time, and it goes on with the next', async () => {
      const client = await begun(app);
      const slow = client.get('/slow');
      await latches.of('slow').reached;
      const startAgain = await kill();
      latches.of('slow').open();
      const answer = await promptly(() => slow);
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
      const [read, fresh] = await promptly(() =>
        Promise.all([client.get('/read'), app.client().get('/set/new')]),
      );
      expect([read.status, fresh.status]).toEqual([503, 503]);
      expect([...read.setCookies, ...fresh.setCookies]).toEqual([]);
      expect(events.take('failed')).not.toEqual([]);
      await startAgain();
      expect((await client.get('/keep/after')).status).toBe(200);
      expect(await valuesOf(client)).toMatchObject({ after: 'kept' });
    });

    it('killed and started again under load: it has what it said that it has', async () => {
      const acknowledged = new Map<Client, string[]>();
      for (let i = 0; i < 4; i++) acknowledged.set(await begun(app), []);
      const statuses: number[] = [];
      const load = new AbortController();
      const loads = [...acknowledged].map(async ([client, keys]) => {
        for (let i = 0; !load.signal.aborted; i++) {
          const { status } = await client.get(`/keep/key${i}`);
          statuses.push(status);
          if (status === 200) keys.push(`key${i}`);
        }
      });
      const onlooker = app.client();
      const answered = async (wanted: number, times: number) => {
        const from = statuses.length;
        const count = () => statuses.slice(from).filter((status) => status === wanted).length;
        while (count() < times) await onlooker.get('/noop');
      };
      await answered(200, 20);
      const startAgain = await kill();
      await answered(503, 1);
      await startAgain();
      await answered(200, 20);
      load.abort();
      await Promise.all(loads);
      expect(new Set(statuses)).toEqual(new Set([200, 503]));
      for (const [client, keys] of acknowledged) {
        expect(Object.keys(await valuesOf(client))).toEqual(expect.arrayContaining(keys));
      }
    });

    it('paused: nothing hangs, nothing piles up, and it goes on when it does', async () => {
      const client = await begun(app);
      const calls = new Set<Promise<unknown>>();
      const allWait = new Latch();
      store.around = (_operation, proceed) => {
        const call = proceed();
        const isOver = () => void calls.delete(call);
        call.then(isOver, isOver);
        calls.add(call);
        if (calls.size === tabs.length) allWait.open();
        void allWait.wait().then(deadlines.passSoon);
        return call;
      };
      // More than may be under way beyond their time before new ones are held off.
      const tabs = Array.from({ length: 120 }, () => {
        const tab = app.client();
        tab.jar.set('sid', client.jar.get('sid')!);
        return tab;
      });
      /** Half of them read a session, the others begin one. */
      const burst = () =>
        promptly(() =>
          Promise.all(
            tabs.map((tab, i) => (i % 2 ? tab.get('/read') : app.client().get('/set/x'))),
          ),
        );
      server.pause();
      try {
        const start = Date.now();
        for (const { status, setCookies } of await burst()) {
          expect([status, setCookies]).toEqual([503, []]);
        }
        expect(calls.size).toBe(tabs.length);
        for (let i = 0; i < 2; i++) {
          const answers = await burst();
          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
        }
        // 240 requests later there are hardly more calls that wait for an answer: one in as many
        // milliseconds as wait already.
        const tries = Math.floor((Date.now() - start) / tabs.length);
        expect(calls.size).toBeLessThanOrEqual(tabs.length + tries);
      } finally {
        server.resume();
      }
      await Promise.allSettled(calls);
      store.around = undefined;
      expect(await valuesOf(client)).toEqual({ key: 'old' });
      expect((await client.get('/set/new')).status).toBe(200);
      expect(await valuesOf(client)).toEqual({ key: 'new' });
    });
  });

  describe.each(adapters)('on %s', (adapter) => {
    let server: RedisServer;
    let redis: ReturnType<typeof createClient>;
    let store: WatchedStore;
    let app: TestApp;
    const events = recordEvents();

    beforeAll(async () => {
      server = await RedisServer.start({
        args: ['--maxmemory', '6mb', '--maxmemory-policy', 'noeviction'],
      });
      redis = createClient({ url: server.url });
      await redis.connect();
      store = new WatchedStore(new RedisSessionStore(redis));
      app = await startApp(adapter, { controllers: [FaultController], session: { store } });
    });
    afterAll(async () => {
      await closeApps();
      redis?.destroy();
      await server?.stop();
    });
    afterEach(() => redis.flushAll());

    const valuesOf = async (client: Client) => (await client.get('/read')).json.values;

    it('out of memory: it refuses what is new, shows what it has, and lets it end', async () => {
      const client = await begun(app);
      // To the brim: what memory Redis needs besides is not always the same.
      for (const bytes of [500_000, 50_000, 5000]) {
        let full;
        do full = await app.client().get(`/fill?bytes=${bytes}`);
        while (full.status === 200);
        expect(full.status).toBe(503);
        expect(full.setCookies).toEqual([]);
      }
      const refused = await client.get('/fill?bytes=500000');
      expect([refused.status, refused.setCookies]).toEqual([503, []]);
      expect(await valuesOf(client)).toEqual({ key: 'old' });
      expect((await client.get('/change/destroy')).status).toBe(200);
      expect(client.jar.size).toBe(0);
      expect(events.take('failed')[0].error).toMatchObject({
        message: expect.stringContaining('OOM') as string,
      });
    });

    it('read-only, as a replica is: it shows what it has, and a write is a 503 without a cookie', async () => {
      const client = await begun(app);
      await redis.sendCommand(['REPLICAOF', '127.0.0.1', '1']);
      try {
        expect(await valuesOf(client)).toEqual({ key: 'old' });
        for (const path of ['/set/new', '/change/increment', '/change/destroy']) {
          const refused = await client.get(path);
          expect([refused.status, refused.setCookies]).toEqual([503, []]);
        }
        const refused = await app.client().get('/set/new');
        expect([refused.status, refused.setCookies]).toEqual([503, []]);
      } finally {
        await redis.sendCommand(['REPLICAOF', 'NO', 'ONE']);
      }
      expect(await valuesOf(client)).toEqual({ key: 'old' });
      expect((await client.get('/set/new')).status).toBe(200);
    });

    it('without the scripts that it knew: nobody notices', async () => {
      const client = await begun(app);
      await redis.scriptFlush();
      expect((await client.get('/set/new')).status).toBe(200);
      await redis.scriptFlush();
      expect((await client.get('/change/increment')).status).toBe(200);
      expect(await valuesOf(client)).toEqual({ key: 'new', count: 1 });
      await redis.scriptFlush();
      expect((await client.get('/change/regenerate')).status).toBe(200);
      expect(await valuesOf(client)).toEqual({ key: 'new', count: 1 });
    });

    it.each<[string, (key: string) => Promise<unknown>]>([
      ['no text', (key) => redis.hDel(key, 't')],
      ['no version', (key) => redis.hDel(key, 'v')],
      ['no end', (key) => redis.hDel(key, 'e')],
      ['an end that is no number', (key) => redis.hSet(key, 'e', 'soon')],
      ['another type', (key) => redis.set(key, 'text')],
    ])('statement 67: a damaged entry, with %s, is empty and reported', async (_what, damage) => {
      const client = await begun(app);
      const [key] = await redis.keys('*');
      await damage(key);
      events.take('rejected');
      const answer = await client.get('/read');
      expect([answer.status, answer.json]).toEqual([200, { values: {} }]);
      expect(events.take('rejected')).toMatchObject([{ reason: 'malformed' }]);
      const copy = new Map(client.jar);
      expect((await client.get('/set/new')).setCookies).toHaveLength(1);
      expect(await valuesOf(client)).toEqual({ key: 'new' });
      // The write has replaced it, and a sign-out does so too.
      expect(await redis.exists(key)).toBe(0);
      await redis.set(key, 'text');
      for (const [name, value] of copy) client.jar.set(name, value);
      const signedOut = await client.get('/change/destroy');
      expect([signedOut.status, client.jar.size]).toEqual([200, 0]);
      expect(await redis.exists(key)).toBe(0);
      expect(events.take('failed')).toEqual([]);
    });

    it('without the entry: nobody gets it', async () => {
      const client = await begun(app);
      await redis.del(await redis.keys('*'));
      events.take('rejected');
      expect(await valuesOf(client)).toEqual({});
      expect(events.take('rejected')).toMatchObject([{ reason: 'unknown-id' }]);
    });
  });
});
