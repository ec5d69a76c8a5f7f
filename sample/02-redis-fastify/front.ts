import { createServer, type IncomingHttpHeaders, request as send, type Server } from 'node:http';
import { pipeline } from 'node:stream';
import type { Processes } from './processes.js';

/**
 * What stands before the processes, as nginx or a load balancer does: it passes requests on, and each
 * page comes from another process than the page before it.
 */
export function createFront(processes: Processes): Server {
  return createServer((request, response) => {
    const { method, url = '/' } = request;
    // Only pages count. With the forms and the pictures on them, it could be the same process each time.
    if (method === 'GET' && !url.includes('.')) processes.nextTurn();
    const { port } = processes;
    const fail = () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(503, { 'Retry-After': 1 }).end('The shop is closed for a moment.\n');
    };
    if (port === undefined) return fail();

    const headers = endToEnd(request.headers);
    const onward = send({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode!, endToEnd(answer.headers));
      pipeline(answer, response, () => {});
    });
    onward.on('error', fail);
    pipeline(request, onward, () => {});
  });
}

/** RFC 9110, section 7.6.1: they are about one connection, not about the message. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
