/** Secrets from outside, and what an operator is told. */
import { jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  Session,
  SessionModule,
  type SessionModuleOptions,
  type SessionSecret,
} from 'nestjs-typed-session';
import {
  adapters,
  closeApps,
  isInStore,
  places,
  startApp,
  takeLogs,
  type TestApp,
} from './support/app.js';
import { Latches } from './support/latch.js';
import { recordEvents } from './support/session-events.js';
import { storeOf } from './support/stores.js';

const latches = new Latches();

@Controller()
class SignalController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
  }
  @Get('read') read(@Session() ss: Session) {
    return { key: ss.get('key') ?? null };
  }
  @Get('values') values(@Session() ss: Session) {
    return ss.values;
  }
  @Get('count') count(@Session() ss: Session) {
    ss.set('count', 1);
  }
  @Get('set-other') setOther(@Session() ss: Session) {
    ss.set('other', Math.random());
  }
  @Get('regenerate') async regenerate(@Session() ss: Session) {
    await ss.regenerate();
  }
  @Get('destroy') async destroy(@Session() ss: Session) {
    await ss.destroy();
  }
  @Get('slow-read') async slowRead(@Session() ss: Session) {
    ss.get('key');
    await latches.of('slow').wait();
  }
  @Get('slow-destroy') async slowDestroy(@Session() ss: Session) {
    await latches.of('slow').wait();
    await ss.destroy();
  }
  @Get('slow') async slow(@Session() ss: Session) {
    ss.get('key');
    await latches.of('slow').wait();
    ss.set('other', 'value');
  }
}

const secretOf = (name: string) => `the ${name} secret, which has more than thirty-two bytes`;

/** A service that gives the secrets by HTTP; `undefined`: it fails. */
async function startKeyService() {
  const service = { secrets: [secretOf('first')] as string[] | undefined, asked: 0 };
  const server = createServer((_, response) => {
    service.asked++;
    response.statusCode = service.secrets === undefined ? 500 : 200;
    response.end(JSON.stringify(service.secrets ?? null));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const secret = () =>
    new Promise<SessionSecret>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(JSON.parse(text) as string[])
            : reject(new Error('the key service failed')),
        );
      }).on('error', reject);
    });
  return { service, secret, close: () => server.close() };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (isTrue()) return;
    await wait(10);
  }
  throw new Error('it did not come true');
}

describe.each(places)('statement 19: secrets that a key service gives, on %s', (place) => {
  const events = recordEvents();
  let keys: Awaited<ReturnType<typeof startKeyService>>;

  beforeEach(async () => {
    keys = await startKeyService();
  });
  afterEach(async () => {
    await closeApps();
    keys.close();
    takeLogs();
  });

  it('are asked for again, rotate, and stay where that fails', async () => {
    const { service, secret } = keys;
    const session = { secret, secretRefresh: 0.03 };
    const app = await startApp(place, { controllers: [SignalController], session });
    const client = app.client();
    await client.get('/set');
    const first = client.jar.get('sid');

    service.secrets = [secretOf('second'), secretOf('first')];
    let seen = service.asked;
    await until(() => service.asked >= seen + 2);
    expect((await client.get('/read')).json).toEqual({ key: 'value' });
    expect(client.jar.get('sid')).not.toBe(first);

    service.secrets = undefined;
    await until(() => events.take('secret-failed').length > 0);
    expect((await client.get('/read')).json).toEqual({ key: 'value' });

    service.secrets = [secretOf('third')];
    seen = service.asked;
    await until(() => service.asked >= seen + 2);
    expect((await client.get('/read')).json).toEqual({ key: null });
  });

  describe.each<[string, (options: SessionModuleOptions) => Promise<unknown>]>([
    ['forRoot', (session) => startApp(place, { imports: [SessionModule.forRoot(session)] })],
    [
      'a factory of forRootAsync',
      (session) => {
        const useFactory = () => Promise.resolve(session);
        return startApp(place, { imports: [SessionModule.forRootAsync({ useFactory })] });
      },
    ],
  ])('stop the boot, asked for by %s,', (_, boot) => {
    const bootWith = async (secret: () => unknown) =>
      boot({ name: 'sid', secret: secret as () => SessionSecret, store: await storeOf(place) });

    it('where the service fails', async () => {
      keys.service.secrets = undefined;
      await expect(bootWith(keys.secret)).rejects.toMatchObject({
        code: 'SESSION_CONFIG',
        cause: { message: 'the key service failed' },
      });
    });

    it('where nobody answers', async () => {
      keys.close();
      await expect(bootWith(keys.secret)).rejects.toMatchObject({
        code: 'SESSION_CONFIG',
        cause: { code: 'ECONNREFUSED' },
      });
    });

    it.each<[string, () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('no key');
        },
      ],
      ['gives nothing', () => undefined],
      ['gives an empty list', () => []],
      ['gives an empty secret, second in its list', () => [secretOf('first'), '']],
      ['gives a number', () => Promise.resolve(42)],
    ])('where the function %s', async (_what, secret) => {
      await expect(bootWith(secret)).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    });
  });

  it('stop the boot where a factory fails before it has given them', async () => {
    const useFactory = async (): Promise<SessionModuleOptions> => ({
      name: 'sid',
      secret: (await keys.secret()) as string[],
    });
    keys.service.secrets = undefined;
    const imports = [SessionModule.forRootAsync({ useFactory })];
    await expect(startApp(place, { imports })).rejects.toThrow('the key service failed');
  });
});

describe('secretRefresh', () => {
  it('is an error at boot without a function', async () => {
    await expect(startApp('Express', { session: { secretRefresh: '1m' } })).rejects.toThrow(
      /secretRefresh/,
    );
  });
});

describe.each(places)('on %s', (place) => {
  const events = recordEvents();
  afterAll(closeApps);
  beforeEach(() => latches.renew());

  it('statement 81: 100 bad cookies of one address are one event', async () => {
    const app = await startApp(place, { controllers: [SignalController] });
    const client = app.client();
    client.jar.set('sid', await app.sessions.begin({ key: 'value' }));
    for (let i = 0; i < 60; i++) await client.get('/read');
    expect(events.take('anomaly')).toEqual([]);
    const bad = { cookie: 'sid=1AAAbad' };
    for (let i = 0; i < 100; i++) expect((await client.get('/read', bad)).status).toBe(200);
    const address = expect.stringContaining('127.0.0.1') as string;
    expect(events.take('anomaly')).toMatchObject([{ session: 'sid', address, count: 50 }]);
  });
});

describe.each(adapters)('statement 61: two requests of one cookie session, on %s', (adapter) => {
  const events = recordEvents();
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(adapter, { controllers: [SignalController] });
  });
  beforeEach(() => latches.renew());
  afterEach(() => jest.restoreAllMocks());
  afterAll(closeApps);

  /** Sends two requests with the same cookie, of which the slow one is answered last. */
  async function race(slow: string, fast: string) {
    const client = app.client();
    await client.get('/set');
    const cookie = { cookie: `sid=${client.jar.get('sid')}` };
    const now = Date.now() + 4 * 24 * 60 * 60 * 1000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const answer = client.get(slow, cookie);
    await latches.of('slow').reached;
    await app.client().get(fast, cookie);
    latches.of('slow').open();
    expect((await answer).setCookies).toHaveLength(1);
    return events.take('conflict');
  }

  it.each([
    ['/slow', '/set-other'],
    ['/slow', '/regenerate'],
    ['/slow', '/destroy'],
    ['/slow-read', '/set-other'],
  ])('are an event where %s overwrites %s', async (slow, fast) => {
    const idHash = expect.any(String) as unknown;
    expect(await race(slow, fast)).toEqual([{ kind: 'conflict', session: 'sid', idHash }]);
  });

  it.each([
    ['/slow-read', '/read'],
    ['/slow', '/read'],
    ['/slow-destroy', '/set-other'],
  ])('are none where %s comes after %s', async (slow, fast) => {
    expect(await race(slow, fast)).toEqual([]);
  });

  it('are none where they follow each other', async () => {
    const client = app.client();
    for (const path of ['/set', '/set-other', '/regenerate', '/set-other']) await client.get(path);
    expect(events.take('conflict')).toEqual([]);
  });
});

describe.each(places.filter(isInStore))(
  'statement 61: two requests of one session in a store, on %s',
  (place) => {
    const events = recordEvents();
    beforeEach(() => latches.renew());
    afterAll(closeApps);

    it('are both kept, and no conflict', async () => {
      const app = await startApp(place, { controllers: [SignalController] });
      const client = app.client();
      await client.get('/set');
      const cookie = { cookie: `sid=${client.jar.get('sid')}` };
      const answer = app.client().get('/slow', cookie);
      await latches.of('slow').reached;
      await app.client().get('/count', cookie);
      latches.of('slow').open();
      expect((await answer).status).toBe(200);
      const { json } = await client.get('/values', cookie);
      expect(json).toEqual({ key: 'value', other: 'value', count: 1 });
      expect(events.take('conflict')).toEqual([]);
    });
  },
);

describe.each(adapters)('on %s', (adapter) => {
  const events = recordEvents();
  afterAll(closeApps);

  it('an address of any length is kept as 64 characters', async () => {
    const app = await startApp(adapter, { controllers: [SignalController], trustProxy: true });
    const address = 'a'.repeat(2000);
    const headers = { cookie: 'sid=1AAAbad', 'x-forwarded-for': address };
    for (let i = 0; i < 50; i++) await app.client().get('/read', headers);
    expect(events.take('anomaly')).toMatchObject([{ address: 'a'.repeat(64), count: 50 }]);
  });
});
