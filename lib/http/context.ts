import type { ArgumentsHost } from '@nestjs/common';
import type { AnyRequest, AnyResponse } from './request.js';

/** The HTTP request on which a context stands, and its response where it has one. */
export interface HttpParts {
  readonly request?: AnyRequest;
  readonly response?: AnyResponse;
}

/** What GraphQL drivers put into their context: `req` and `res`, Mercurius `request` and `reply`. */
interface GraphqlContext {
  readonly req?: AnyRequest & { readonly res?: AnyResponse };
  readonly res?: AnyResponse;
  readonly request?: AnyRequest;
  readonly reply?: AnyResponse;
}

/**
 * Finds the request in any kind of context that stands on one. A gateway has no response any
 * more: its handshake was answered long ago.
 */
export function httpPartsOf(host: ArgumentsHost): HttpParts {
  switch (host.getType<string>()) {
    case 'http':
      return { request: host.getArgByIndex(0), response: host.getArgByIndex(1) };
    case 'graphql': {
      const { req, res, request, reply } = host.getArgByIndex<GraphqlContext>(2);
      return { request: req ?? request, response: res ?? reply ?? req?.res };
    }
    case 'ws':
      return { request: host.switchToWs().getClient<{ request?: AnyRequest }>().request };
    default:
      return {};
  }
}
