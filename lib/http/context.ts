import type { ArgumentsHost } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { AnyRequest, AnyResponse } from './request.js';

/** The HTTP request on which a context stands, and its response where it has one. */
export interface HttpParts {
  readonly request?: AnyRequest;
  readonly response?: AnyResponse;
  /** The request that opened a socket, and was answered long ago. */
  readonly socket?: AnyRequest;
}

/** What GraphQL drivers put into their context: `req` and `res`, Mercurius `request` and `reply`. */
interface GraphqlContext {
  readonly req?: AnyRequest & { readonly res?: AnyResponse };
  readonly res?: AnyResponse;
  readonly request?: AnyRequest;
  readonly reply?: AnyResponse;
  /** Where graphql-ws has the request of its socket. */
  readonly extra?: { readonly request?: AnyRequest };
}

/** For messages: what to write where the module does not find the request of a socket. */
export const SOCKET_WITHOUT_REQUEST =
  'If the socket does not know its request, write in the gateway: handleConnection(client, request) { client.request = request; }';

/** The requests of sockets that do not know them, as ws's do not. */
const handshakes = new WeakMap<object, AnyRequest>();

/** Notes the request that opened a socket, for the messages that it brings. */
export function rememberHandshake(client: unknown, request: unknown): void {
  if (typeof client !== 'object' || client === null || 'request' in client) return;
  if (typeof (request as IncomingMessage | undefined)?.headers === 'object') {
    handshakes.set(client, request as AnyRequest);
  }
}

/**
 * Finds the request in any kind of context that stands on one. A message on a socket has no response.
 */
export function httpPartsOf(host: ArgumentsHost): HttpParts {
  switch (typeOf(host)) {
    case 'http': {
      const http = host.switchToHttp();
      return { request: http.getRequest(), response: http.getResponse() };
    }
    case 'graphql': {
      const { req, res, request, reply, extra } = host.getArgByIndex<GraphqlContext>(2);
      const ofSocket = extra?.request ?? (req as GraphqlContext | undefined)?.extra?.request;
      if (ofSocket !== undefined) return { socket: ofSocket };
      return { request: req ?? request, response: res ?? reply ?? req?.res };
    }
    case 'ws': {
      const client = host.switchToWs().getClient<object & { readonly request?: AnyRequest }>();
      return { socket: client.request ?? handshakes.get(client) };
    }
    default:
      return {};
  }
}

/** What kind of context it is. Some libraries make one that can do nothing but `switchToHttp()`. */
export function typeOf(host: Partial<ArgumentsHost>): string {
  return host.getType?.<string>() ?? 'http';
}
