import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
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
