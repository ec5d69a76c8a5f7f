/** What clients and proxies speak beside plain HTTP/1.1: each answer carries its one cookie, and is whole. */
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Session } from 'nestjs-typed-session';
import { closeApps, places, startApp, type TestApp } from './support/app.js';

type AnyResponse = ServerResponse | { raw: ServerResponse };

const rawOf = (response: AnyResponse) => ('raw' in response ? response.raw : response);

@Controller()
class WireController {
  @Get('value') value(@Session() ss: Session) {
    return count(ss);
  }
  @Get('hints') hints(@Session() ss: Session, @Res() response: AnyResponse) {
    const raw = rawOf(response);
    raw.writeProcessing();
    raw.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    raw.end(JSON.stringify(count(ss)));
  }
  @Get('trailers') trailers(@Session() ss: Session, @Res() response: AnyResponse) {
    const raw = rawOf(response);
    raw.setHeader('Trailer', 'X-Sum');
    raw.write(JSON.stringify(count(ss)));
    raw.addTrailers({ 'X-Sum': '1' });
    raw.end();
  }
  @Get('never') never(@Session() ss: Session, @Req() _request: IncomingMessage) {
    count(ss);
    return new Promise(() => {});
  }
}

function count(ss: Session): { count: number } {
  const counted = ((ss.get('count') as number | undefined) ?? 0) + 1;
  ss.set('count', counted);
  return { count: counted };
}

/** All that a server sends before it closes the connection. */
function exchange(url: string, request: string, leavesAfter?: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    if (leavesAfter !== undefined) setTimeout(() => socket.destroy(), leavesAfter);
  });
}

const cookiesIn = (answer: string): string[] => answer.match(/^set-cookie: sid=[^;]+/gim) ?? [];

describe.each(places)('over the wire, on %s', (place) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(place, { controllers: [WireController] });
  });
  afterAll(closeApps);

  it('HTTP/1.0 is answered whole, with one cookie, and goes on with it', async () => {
    const first = await exchange(app.url, 'GET /value HTTP/1.0\r\n\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(first).toMatch(/\r\n\r\n{"count":1}$/);
    expect(cookiesIn(first)).toHaveLength(1);
    const cookie = cookiesIn(first)[0].slice('set-cookie: '.length);
    const second = await exchange(app.url, `GET /value HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`);
    expect(second).toMatch(/{"count":2}$/);
  });

  it('the answers before the answer, 102 and 103, carry no cookie, and it carries one', async () => {
    const text = await exchange(
      app.url,
      'GET /hints HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    const [processing, hints, head, body] = text.split('\r\n\r\n');
    expect(processing).toBe('HTTP/1.1 102 Processing');
    expect(hints).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: /);
    expect(cookiesIn(`${processing}${hints}`)).toEqual([]);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(cookiesIn(head)).toHaveLength(1);
    expect(body).toContain('{"count":1}');
  });

  it('trailers follow the body, and the cookie stands in the head', async () => {
    const text = await exchange(
      app.url,
      'GET /trailers HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close\r\n\r\n',
    );
    const [head] = text.split('\r\n\r\n');
    expect(cookiesIn(head)).toHaveLength(1);
    expect(text).toMatch(/{"count":1}\r\n0\r\nX-Sum: 1\r\n\r\n$/);
  });

  it('clients that leave before the answer leave nothing behind', async () => {
    const request = 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n';
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => exchange(app.url, request, 50)),
    );
    expect(new Set(answers)).toEqual(new Set(['']));
    const open = () =>
      new Promise<number>((resolve, reject) =>
        app.app
          .getHttpServer()
          .getConnections((error: Error | null, number: number) =>
            error === null ? resolve(number) : reject(error),
          ),
      );
    // The server learns of each a little later; one that it does not learn of fails at Jest's limit.
    while ((await open()) > 0) await delay(10);
    expect((await app.client().get('/value')).json).toEqual({ count: 1 });
  });
});
