import type { AbstractHttpAdapter } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { type AnyRequest, type AnyResponse, REPLY, responseOf } from './request.js';
import { plainErrorOf } from './plain-error.js';
import { makeHookable } from './response-hook.js';

/** What is put before the ways in which Nest itself answers a request. */
export interface ReplyGate {
  /** Before a value, a stream, a redirect, or what an exception filter sends. */
  beforeReply<T>(status: number, reply: () => T, replyError: (error: unknown) => T): T | Promise<T>;
}

export interface ReplyGates {
  /** The gate of a response; none where its request did not use the session. */
  of(response: AnyResponse): ReplyGate | undefined;
  /**
   * Called before a template is rendered.
   *
   * @returns what the template finds beside its own variables
   */
  beforeRender(response: AnyResponse): object | Promise<object>;
}

type AdapterResponse = AnyResponse & { readonly statusCode: number };

/**
 * Puts gates before Nest's replies, on the adapter that all of them come by.
 *
 * A Nest interceptor would stand before some of them, and one that does nothing costs a
 * third of the throughput of an application on Fastify (`bench/` measures it), since Nest runs a
 * chain of Observables around each. It would see neither what a guard, a pipe or a filter answers,
 * nor the final status.
 */
export function gateReplies(adapter: AbstractHttpAdapter, gates: ReplyGates): void {
  const reply = adapter.reply.bind(adapter);
  const redirect = adapter.redirect.bind(adapter);
  const render = adapter.render.bind(adapter);
  const replyError = (response: AdapterResponse, error: unknown) => {
    const plain = plainErrorOf(error);
    return reply(response, plain, plain.statusCode) as unknown;
  };

  adapter.reply = (response: AdapterResponse, body: unknown, status?: number): unknown => {
    const gate = gates.of(response);
    if (gate === undefined) return reply(response, body, status);
    return gate.beforeReply(
      status ?? response.statusCode,
      () => reply(response, body, status) as unknown,
      (error) => replyError(response, error),
    );
  };
  adapter.redirect = (response: AdapterResponse, status: number, url: string): unknown => {
    const gate = gates.of(response);
    if (gate === undefined) return redirect(response, status, url);
    return gate.beforeReply(
      status,
      () => redirect(response, status, url) as unknown,
      (error) => replyError(response, error),
    );
  };
  adapter.render = (response: AdapterResponse, view: string, variables?: object): unknown => {
    const renderWith = (found: object) =>
      render(response, view, { ...found, ...variables }) as unknown;
    const found = gates.beforeRender(response);
    return found instanceof Promise ? found.then(renderWith) : renderWith(found);
  };
}

/** Where one is called from: a few frames, Nest's router among them. Its text is made when it is read. */
export function traceCall(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 8;
  const call = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return call;
}

/**
 * Whether Nest's router sends a reply, and so hands an error to the filters. A filter that replies
 * by the same adapter looks the same, but for the stack. Asked only when a commit failed, or a page
 * is rendered; where a bundler has renamed Nest's classes the answer is no.
 */
export function isFromRouter(call: Error): boolean {
  return call.stack?.includes('RouterResponseController') ?? false;
}

/** The session of a request and its response. */
type SessionGetter = (request: AnyRequest, response: AnyResponse | undefined) => unknown;

/**
 * Defines `request.session`, and a property of the application's own, on the prototype of all
 * requests: requests that ask for neither pay nothing.
 */
export function defineOnRequests(
  adapter: AbstractHttpAdapter,
  key: symbol,
  value: unknown,
  getSession: SessionGetter,
): void {
  if (adapter.getType() === 'fastify') {
    defineOnFastify(adapter.getInstance<FastifyLike>(), key, value, getSession);
  } else {
    defineOnExpress(adapter.getInstance<ExpressLike>(), key, value, getSession);
  }
}

interface ExpressLike {
  /** The prototype of all requests of this application. */
  readonly request: object;
  /** The prototype of all its responses. */
  readonly response: ServerResponse;
}

function defineOnExpress(
  app: ExpressLike,
  key: symbol,
  value: unknown,
  getSession: SessionGetter,
): void {
  makeHookable(app.response);
  Object.defineProperty(app.request, key, { value, configurable: true });
  Object.defineProperty(app.request, 'session', {
    configurable: true,
    get(this: AnyRequest) {
      return getSession(this, responseOf(this));
    },
    // Another session library in the same application keeps its own.
    set(this: object, other: unknown) {
      Object.defineProperty(this, 'session', { value: other, writable: true, configurable: true });
    },
  });
}

interface FastifyLike {
  hasRequestDecorator(name: string | symbol): boolean;
  decorateRequest(name: string | symbol, property: unknown): void;
  addHook(
    name: 'onRequest',
    hook: (request: AnyRequest, reply: AnyResponse, done: () => void) => void,
  ): void;
}

function defineOnFastify(
  app: FastifyLike,
  key: symbol,
  value: unknown,
  getSession: SessionGetter,
): void {
  app.decorateRequest(key, { getter: () => value });
  app.decorateRequest(REPLY, null);
  app.addHook('onRequest', (request, reply, done) => {
    (request as { [REPLY]?: AnyResponse })[REPLY] = reply;
    done();
  });
  // Another session library in the same application keeps its own.
  if (app.hasRequestDecorator('session')) return;
  app.decorateRequest('session', {
    getter(this: AnyRequest) {
      return getSession(this, responseOf(this));
    },
  });
}
