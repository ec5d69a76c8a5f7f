import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as Express, Fastify, middleware or a gateway has it. */
export type AnyRequest = IncomingMessage | { readonly raw: IncomingMessage };
/** A response as Express, Fastify or middleware has it. */
export type AnyResponse = ServerResponse | { readonly raw: ServerResponse };

/** Where Fastify's request is told its reply, which it does not know by itself. */
export const REPLY = Symbol('reply');

/** The response of a request that knows it: Express's does, Fastify's since it was told. */
export function responseOf(request: AnyRequest): AnyResponse | undefined {
  const known = request as { res?: AnyResponse; [REPLY]?: AnyResponse };
  return known.res ?? known[REPLY];
}

/** Node's own request: Express extends it, Fastify wraps it. */
export function rawRequest(request: AnyRequest): IncomingMessage {
  return 'raw' in request ? request.raw : request;
}

/** Node's own response: Express extends it, Fastify wraps it. */
export function rawResponse(response: AnyResponse): ServerResponse {
  return 'raw' in response ? response.raw : response;
}

/**
 * Whether the request came over TLS: by the socket, or by what the adapter makes of its
 * trusted-proxy setting. A header of an untrusted client says nothing.
 */
export function isOverTls(request: AnyRequest): boolean {
  // Express and Fastify have it on their requests; Fastify's middleware puts it on the raw one.
  if ((request as { protocol?: unknown }).protocol === 'https') return true;
  const { socket } = rawRequest(request) as { socket?: { encrypted?: boolean } };
  return socket?.encrypted === true;
}

/** Whether somebody who may not be trusted says that the request came over TLS. */
export function claimsTls(request: AnyRequest): boolean {
  const protocol = rawRequest(request).headers['x-forwarded-proto'];
  return typeof protocol === 'string' && /^\s*https\b/i.test(protocol);
}

/** The address of the client, as the adapter reads it. */
export function addressOf(request: AnyRequest): string | undefined {
  // Express and Fastify have it on their requests, by their trusted-proxy setting.
  const { ip } = request as { ip?: unknown };
  return typeof ip === 'string' ? ip : rawRequest(request).socket?.remoteAddress;
}

/** The host that the client asked, without its port, as the adapter reads it. */
export function hostOf(request: AnyRequest): string | undefined {
  // Express and Fastify have it on their requests, by their trusted-proxy setting.
  const { hostname } = request as { hostname?: unknown };
  if (typeof hostname === 'string') return hostname;
  const { headers } = rawRequest(request);
  const authority = headers.host ?? headers[':authority'];
  return typeof authority === 'string' ? authority.replace(/:\d*$/, '') : undefined;
}

/**
 * Whether nobody sees the answer: a HEAD asks for the headers only, and a prefetch may never be
 * shown (`Sec-Purpose`, Fetch standard; `Purpose` is what Safari sends).
 */
export function isUnseen(request: AnyRequest): boolean {
  const { method, headers } = rawRequest(request);
  const purpose = headers['sec-purpose'] ?? headers['purpose'];
  return method === 'HEAD' || (typeof purpose === 'string' && purpose.includes('prefetch'));
}

/** Whether the answer may be a 304 (RFC 9110, section 13.1). */
export function isConditional(request: AnyRequest): boolean {
  const { headers } = rawRequest(request);
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

/** For messages: method and path, without the query, which may hold secrets. */
export function describeRequest(request: AnyRequest): string {
  const { method, url } = rawRequest(request);
  const { originalUrl } = rawRequest(request) as { originalUrl?: string };
  return `${method ?? ''} ${(originalUrl ?? url ?? '').split('?')[0]}`;
}
