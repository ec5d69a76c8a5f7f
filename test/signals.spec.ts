/** Secrets from outside, and what an operator is told. */
import { Controller, Get } from '@nestjs/common';
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Session, type SessionSecret } from 'nestjs-typed-session';
import { adapters, closeApps, places, startApp, takeLogs } from './support/app.js';
import { Latches } from './support/latch.js';
import { recordEvents } from './support/session-events.js';

const latches = new Latches();

@Controller()
class SignalController {
  @Get('set') set(@Session() ss: Session) {
    ss.set('key', 'value');
  }
  @Get('read') read(@Session() ss: Session) {
    return { key: ss.get('key') ?? null };
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

  it('stop the boot where the service fails then', async () => {
    keys.service.secrets = undefined;
    await expect(startApp(place, { session: { secret: keys.secret } })).rejects.toMatchObject({
      code: 'SESSION_CONFIG',
    });
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
  afterAll(closeApps);
  beforeEach(() => latches.renew());

  it('are an event where one overwrites the other, and none where they follow each other', async () => {
    const app = await startApp(adapter, { controllers: [SignalController] });
    const client = app.client();
    await client.get('/set');
    await wait(5);
    const cookie = { cookie: `sid=${client.jar.get('sid')}` };
    const slow = client.get('/slow', cookie);
    await latches.of('slow').reached;
    latches.of('slow').open();
    await slow;
    expect(events.take('conflict')).toEqual([]);
    latches.renew();
    const slower = client.get('/slow', cookie);
    await latches.of('slow').reached;
    latches.of('slow').open();
    await slower;
    expect(events.take('conflict')).toHaveLength(1);
  });
});
