import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { answerOf } from '../../test/support/node-server.js';
import { hookOf, type ResponseListener } from './response-hook.js';

const listener = (overrides: Partial<ResponseListener>): ResponseListener => ({
  beforeWriting: () => undefined,
  beforeHeaders: () => {},
  failed: () => {},
  endedLate: () => {},
  ...overrides,
});

describe('a response with two hooks, of an application within another', () => {
  it('asks both, once each', async () => {
    const answer = await answerOf((request, response) => {
      for (const name of ['x-outer', 'x-inner']) {
        const beforeHeaders = () => void response.appendHeader(name, 'asked');
        hookOf(request).listeners.push(listener({ beforeHeaders }));
        hookOf(request).attach(response);
      }
      response.end('a body');
    });
    expect(answer.headers.get('x-outer')).toBe('asked');
    expect(answer.headers.get('x-inner')).toBe('asked');
    expect(answer.body).toBe('a body');
  });
});

describe('a response that does not know the request that is handled, as in a function', () => {
  it.each([
    ['another', { method: 'GET' }],
    ['none', undefined],
  ])('is hooked all the same: it knows %s', (_, known) => {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    Object.assign(response, { req: known });
    const beforeHeaders = () => void response.setHeader('x-asked', 'yes');
    hookOf(request).listeners.push(listener({ beforeHeaders }));
    hookOf(request).attach(response);
    response.end('a body');
    expect(response.getHeader('x-asked')).toBe('yes');
    expect(response.headersSent).toBe(true);
  });
});

describe('a response whose headers are written twice', () => {
  it('keeps its body, and Node refuses the second time as ever', async () => {
    const asked: number[] = [];
    const answer = await answerOf((request, response) => {
      hookOf(request).listeners.push(listener({ beforeHeaders: () => void asked.push(1) }));
      hookOf(request).attach(response);
      response.writeHead(200);
      expect(() => response.writeHead(500)).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      );
      response.end('a body');
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('a body');
    expect(asked).toEqual([1]);
  });
});

describe('a response that fails before its headers', () => {
  it('drops the body in pieces, calls back for each, and sends that of a 500', async () => {
    const called: string[] = [];
    const answer = await answerOf((request, response) => {
      const beforeHeaders = () => {
        throw new Error('failed');
      };
      const failed = (error: unknown) => void called.push(String(error));
      hookOf(request).listeners.push(listener({ beforeHeaders, failed }));
      hookOf(request).attach(response);
      response.setHeader('Content-Encoding', 'gzip');
      // Node refuses it beside a length.
      response.setHeader('Trailer', 'X-Checksum');
      response.write('never ', () => called.push('written'));
      response.end('sent', () => called.push('ended'));
    });
    expect(answer.status).toBe(500);
    expect(answer.body).toBe('{"statusCode":500,"message":"Internal server error"}');
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('trailer')).toBeNull();
    expect(called).toEqual(['Error: failed', 'written', 'ended']);
  });
});

describe('a response that fails before its headers, and that nobody ends', () => {
  it.each(['write', 'flushHeaders', 'writeHead'])('is answered at once, by %s', async (method) => {
    const codes: unknown[] = [];
    const answer = await answerOf((request, response) => {
      const beforeHeaders = () => {
        response.setHeader('Set-Cookie', 'ours=1');
        throw new Error('failed');
      };
      hookOf(request).listeners.push(listener({ beforeHeaders }));
      hookOf(request).attach(response);
      response.setHeader('Set-Cookie', 'theirs=1');
      if (method === 'write') response.write('never sent');
      else if (method === 'writeHead') response.writeHead(200, { etag: '"1"' });
      else response.flushHeaders();
      response.write('never sent', (error) => codes.push((error as NodeJS.ErrnoException).code));
    });
    expect(answer.status).toBe(500);
    expect(answer.headers.getSetCookie()).toEqual(['theirs=1']);
    expect(answer.headers.get('etag')).toBeNull();
    expect(codes).toEqual(['ERR_STREAM_DESTROYED']);
  });
});

describe('a response that Node refuses', () => {
  const refused: [string, (response: ServerResponse) => void][] = [
    ['a body that is none', (response) => response.end({})],
    ['a chunk that is none', (response) => response.write(5)],
    ['an unknown encoding', (response) => response.end('a', 'none' as BufferEncoding)],
    ['a status', (response) => response.writeHead(99)],
    ['a status that was set before', (response) => ((response.statusCode = 99), response.end())],
    ['a reason', (response) => response.writeHead(200, 'a\nb')],
    ['a header', (response) => response.writeHead(200, { 'x-one': 'a\nb' })],
    ['half a list', (response) => response.writeHead(200, ['x-one'])],
    [
      'a trailer without chunks',
      (response) => response.setHeader('Trailer', 'x').writeHead(200, { 'Content-Length': 1 }),
    ],
  ];

  it.each(refused)('asks anew for the answer in its place: %s', async (_, send) => {
    const answer = await answerOf((request, response) => {
      const beforeHeaders = () => {
        if (response.statusCode < 500) response.appendHeader('Set-Cookie', 'kept=1');
      };
      hookOf(request).listeners.push(listener({ beforeHeaders }));
      hookOf(request).attach(response);
      response.setHeader('Set-Cookie', 'other=1');
      expect(() => send(response)).toThrow(/./);
      expect(response.headersSent).toBe(false);
      response.removeHeader('Trailer');
      response.removeHeader('Content-Length');
      response.statusCode = 500;
      response.statusMessage = '';
      response.end('an error page');
    });
    expect([answer.status, answer.body]).toEqual([500, 'an error page']);
    expect(answer.headers.getSetCookie()).toEqual(['other=1']);
  });
});

describe('a response that was made by hand', () => {
  it('may return nothing from its methods, as those of inject() of Fastify do', () => {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    const sent: unknown[] = [];
    Object.assign(response, { end: (body: unknown) => void sent.push(body) });
    hookOf(request).listeners.push(listener({}));
    hookOf(request).attach(response);
    response.end('a body');
    expect(sent).toEqual(['a body']);
  });
});
