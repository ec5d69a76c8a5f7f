import { Controller, Get, Res } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  MemorySessionStore,
  Session,
  SessionModule,
  type SessionStore,
} from 'nestjs-typed-session';
import { AMPLE_TIMEOUT, SECRET, testLogger } from './support/app.js';
import { WatchedStore } from './support/watched-store.js';

@Controller()
class CountController {
  @Get('returned') returned(@Session() ss: Session) {
    return this.count(ss);
  }
  @Get('native') native(@Session() ss: Session, @Res() reply: any) {
    const body = JSON.stringify(this.count(ss));
    reply.hijack();
    reply.raw.end(body);
  }
  @Get('head') head(@Session() ss: Session, @Res() reply: any) {
    const body = JSON.stringify(this.count(ss));
    reply.hijack();
    reply.raw.writeHead(200, { 'x-one': '1' });
    reply.raw.end(body);
  }
  @Get('flushed') flushed(@Session() ss: Session, @Res() reply: any) {
    const body = JSON.stringify(this.count(ss));
    reply.hijack();
    reply.raw.flushHeaders();
    reply.raw.write(body.slice(0, 3));
    reply.raw.end(body.slice(3));
  }
  @Get('piped') piped(@Session() ss: Session, @Res() reply: any) {
    const body = JSON.stringify(this.count(ss));
    reply.hijack();
    Readable.from([body.slice(0, 3), body.slice(3)]).pipe(reply.raw);
  }
  @Get('bad') bad(@Session() ss: Session, @Res() reply: any) {
    ss.values.bad = () => 1;
    reply.hijack();
    reply.raw.end('never sent');
  }

  private count(ss: Session) {
    const count = ((ss.get('count') as number | undefined) ?? 0) + 1;
    ss.set('count', count);
    return { count };
  }
}

async function start(
  adapter: FastifyAdapter,
  store: SessionStore | undefined,
): Promise<NestFastifyApplication> {
  const storage = store === undefined ? {} : { store, storeTimeout: AMPLE_TIMEOUT };
  const testing = await Test.createTestingModule({
    imports: [SessionModule.forRoot({ secret: SECRET, name: 'sid', ...storage })],
    controllers: [CountController],
  })
    .setLogger(testLogger)
    .compile();
  return testing.createNestApplication<NestFastifyApplication>(adapter);
}

const slowStore = new WatchedStore(new MemorySessionStore());
slowStore.around = (_operation, proceed) => delay(5).then(proceed);

const homes: [string, SessionStore | undefined][] = [
  ['its cookie', undefined],
  ['a store that takes its time', slowStore],
];

describe.each(homes)('a session over HTTP/2, in %s', (_home, store) => {
  const paths = ['returned', 'native', 'head', 'flushed', 'piped'];

  it.each(paths)('is carried by a response that leaves by %s', async (path) => {
    const app = await start(new FastifyAdapter({ http2: true } as never), store);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const client = connect(`http://127.0.0.1:${port}`);
    const get = (to: string, cookie?: string | string[]) =>
      new Promise<{ status: number; cookies: string[]; body: string }>((resolve, reject) => {
        const stream = client.request({ ':path': `/${to}`, ...(cookie && { cookie }) });
        let head: any;
        let body = '';
        stream.on('response', (headers) => (head = headers));
        stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
        stream.on('end', () =>
          resolve({ status: head[':status'], cookies: head['set-cookie'] ?? [], body }),
        );
        stream.on('error', reject);
        stream.end();
      });

    const first = await get(path);
    expect(first).toMatchObject({ status: 200, body: '{"count":1}' });
    expect(first.cookies).toHaveLength(1);
    const pair = first.cookies[0].split(';')[0];
    // Statement 47: HTTP/2 sends the cookies one by one.
    const second = await get(path, ['a=1', pair, 'b=2']);
    expect(second.body).toBe('{"count":2}');
    const bad = await get('bad', pair);
    expect(bad).toMatchObject({ status: 500, cookies: [] });
    expect(JSON.parse(bad.body)).toEqual({ statusCode: 500, message: 'Internal server error' });
    client.close();
    await app.close();
  });
});
