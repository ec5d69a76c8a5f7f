import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { answerOf } from '../../test/support/node-server.js';
import { hookOf } from './response-hook.js';

/** Holds the response until a promise is settled. */
function holdUntil(settled: () => Promise<void>, response: ServerResponse): void {
  const hook = hookOf(response.req);
  let isAsked = false;
  hook.listeners.push({
    beforeWriting: () => {
      if (isAsked) return undefined;
      isAsked = true;
      return settled();
    },
    beforeHeaders: () => void response.setHeader('x-held', 'yes'),
    failed: () => {},
    endedLate: () => {},
  });
  hook.attach(response);
}

const soon = () => delay(10);
const failing = async () => {
  await delay(10);
  throw new Error('failed');
};

describe('a response that is held', () => {
  it('leaves with all that was sent, in its order', async () => {
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      response.writeHead(201, { 'x-one': '1' });
      response.flushHeaders();
      response.write('one, ');
      response.write('two, ');
      response.end('three');
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-one')).toBe('1');
    expect(answer.headers.get('x-held')).toBe('yes');
    expect(answer.body).toBe('one, two, three');
  });

  it('has left, as far as the application can see', async () => {
    const seen: boolean[] = [];
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      seen.push(response.headersSent, response.writableEnded);
      response.write('a body');
      seen.push(response.headersSent, response.writableEnded);
      response.end();
      seen.push(response.headersSent, response.writableEnded);
    });
    expect(seen).toEqual([false, false, true, false, true, true]);
    expect(answer.body).toBe('a body');
  });

  it('refuses to write its headers twice, as Node does', async () => {
    const codes: unknown[] = [];
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      response.writeHead(201);
      try {
        response.writeHead(500);
      } catch (error) {
        codes.push((error as NodeJS.ErrnoException).code);
      }
      response.end('a body');
    });
    expect(codes).toEqual(['ERR_HTTP_HEADERS_SENT']);
    expect(answer.status).toBe(201);
    expect(answer.body).toBe('a body');
  });

  it('tells a stream to wait, and to go on', async () => {
    const chunks = Array.from({ length: 100 }, (_, i) => `${i},`);
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      Readable.from(chunks).pipe(response);
    });
    expect(answer.body).toBe(chunks.join(''));
  });

  it('calls back when it is written', async () => {
    const called: string[] = [];
    await answerOf((_request, response) => {
      holdUntil(soon, response);
      response.write('a', () => called.push('written'));
      response.end('b', () => called.push('ended'));
    });
    expect(called).toEqual(['written', 'ended']);
  });

  it('passes no wrapper of its methods twice', async () => {
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      const end = response.end.bind(response);
      // As compression does.
      response.end = ((body: string) => end(`<${body}>`)) as never;
      response.end('a body');
    });
    expect(answer.body).toBe('<a body>');
  });

  it('becomes a plain error, whatever was sent', async () => {
    const called: string[] = [];
    const answer = await answerOf((_request, response) => {
      holdUntil(failing, response);
      response.writeHead(201, { 'content-type': 'text/html', etag: '"tag"' });
      response.write('a', () => called.push('written'));
    });
    expect(answer.status).toBe(500);
    expect(answer.headers.get('etag')).toBeNull();
    expect(JSON.parse(answer.body)).toEqual({ statusCode: 500, message: 'Internal server error' });
    expect(called).toEqual(['written']);
  });

  it('becomes a plain error where Node refuses it after all', async () => {
    const told: unknown[] = [];
    const answer = await answerOf((request, response) => {
      holdUntil(soon, response);
      hookOf(request).listeners[0].failed = (error) => void told.push(error);
      response.setHeader('Trailer', 'x-one');
      response.setHeader('Content-Length', 6);
      response.end('a body');
    });
    expect(answer.status).toBe(500);
    expect(told).toEqual([expect.objectContaining({ code: 'ERR_HTTP_TRAILER_INVALID' })]);
  });

  it('copies the lists of its headers', async () => {
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      const cookies = ['a=1'];
      response.setHeader('Set-Cookie', cookies);
      response.end();
      cookies.push('b=2');
    });
    expect(answer.headers.getSetCookie()).toEqual(['a=1']);
  });

  it('does not end the process by a second end()', async () => {
    const codes: unknown[] = [];
    const answer = await answerOf((_request, response) => {
      holdUntil(soon, response);
      response.end('first');
      response.end('second', ((error: NodeJS.ErrnoException) => codes.push(error.code)) as never);
      response.write('third', (error) => codes.push((error as NodeJS.ErrnoException).code));
    });
    expect(answer.body).toBe('first');
    expect(codes).toEqual(['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_WRITE_AFTER_END']);
  });

  it('ends the stream that is piped into it when it becomes an error, but not its request', async () => {
    const source = Readable.from(['a', 'b', 'c']);
    const other = Readable.from(['a', 'b', 'c']);
    const answer = await answerOf(
      (request, response) => {
        holdUntil(failing, response);
        source.pipe(response, { end: false });
        request.pipe(response, { end: false });
        setTimeout(() => other.pipe(response), 20);
      },
      { method: 'POST', body: 'x'.repeat(100_000) },
    );
    expect(answer.status).toBe(500);
    await delay(30);
    expect([source.destroyed, other.destroyed]).toEqual([true, true]);
  });

  it('drops what is sent after that', async () => {
    let late: unknown;
    const answer = await answerOf((_request, response) => {
      response.on('error', (error) => (late = error));
      holdUntil(failing, response);
      response.write('a');
      response.once('finish', () => {
        response.write('b');
        response.end('c');
      });
    });
    expect(answer.status).toBe(500);
    await delay(10);
    expect(late).toBeUndefined();
  });

  it('sends nothing to a client that has gone', async () => {
    const errors: unknown[] = [];
    const leaving = new AbortController();
    const ended = new EventEmitter();
    const end = once(ended, 'end');
    const answer = answerOf(
      (_request, response) => {
        response.on('error', (error) => errors.push(error));
        holdUntil(() => once(response, 'close').then(soon), response);
        response.write('a');
        response.end('b', () => ended.emit('end'));
        leaving.abort();
      },
      { signal: leaving.signal },
    );
    await expect(answer).rejects.toThrow('aborted');
    await end;
    expect(errors).toEqual([]);
  });
});

describe('a response over HTTP/2 that is held', () => {
  it('has left, as far as the application can see, and leaves as it was then', async () => {
    const seen: unknown[] = [];
    const attempt = (act: () => unknown) => {
      try {
        act();
        seen.push('done');
      } catch (error) {
        seen.push((error as NodeJS.ErrnoException).code);
      }
    };
    const server = createHttp2Server((request, response) => {
      holdUntil(soon, response as never);
      response.setHeader('x-one', '1');
      attempt(() => (response as unknown as ServerResponse).end({}));
      seen.push(response.headersSent);
      response.writeHead(201, undefined as never, { 'x-two': '2' });
      response.end('first');
      seen.push(response.headersSent, Reflect.get(response, 'finished'), response.writableEnded);
      attempt(() => response.setHeader('x-one', '2'));
      attempt(() => response.appendHeader('x-one', '2'));
      attempt(() => response.removeHeader('x-one'));
      attempt(() => response.writeHead(500));
      response.statusCode = 404;
      response.end('second');
      void request;
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = client.request({ ':path': '/' });
    let headers: Record<string, unknown> = {};
    stream.on('response', (received) => (headers = received));
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    client.close();
    server.close();
    expect(body).toBe('first');
    expect(headers).toMatchObject({ ':status': 201, 'x-one': '1', 'x-two': '2', 'x-held': 'yes' });
    expect(seen).toEqual([
      'ERR_INVALID_ARG_TYPE',
      false,
      true,
      true,
      true,
      ...Array.from({ length: 4 }, () => 'ERR_HTTP2_HEADERS_SENT'),
    ]);
  });
});
