import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What Node's own server answers to one request. */
export async function answerOf(
  handler: RequestListener,
  init?: RequestInit,
): Promise<Response & { readonly body: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}`, init);
    const body = await response.text();
    return Object.defineProperty(response, 'body', { value: body }) as never;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
