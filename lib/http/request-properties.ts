import type { AbstractHttpAdapter } from '@nestjs/core';
import type { ServerResponse } from 'node:http';
import { type AnyRequest, type AnyResponse, REPLY, responseOf } from './request.js';
import { makeHookable } from './response-hook.js';

/** What every request of an application is given. */
export interface RequestProperties {
  /** Where the module finds what is its own. */
  readonly key: symbol;
  readonly value: unknown;
  /** `request.session`; `undefined` where it is left to another library. */
  readonly session?: {
    get(request: AnyRequest, response: AnyResponse | undefined): unknown;
    /** Called with what somebody assigns to it. */
    refuse(assigned: unknown): never;
    /** Called where another library defines it afterwards. */
    refuseOther(): never;
  };
}

/** Defines the properties on the prototype of all requests: who asks for none pays nothing. */
export function defineOnRequests(
  adapter: AbstractHttpAdapter,
  properties: RequestProperties,
): void {
  if (adapter.getType() === 'fastify') {
    defineOnFastify(adapter.getInstance<FastifyLike>(), properties);
  } else {
    defineOnExpress(adapter.getInstance<ExpressLike>(), properties);
  }
}

interface ExpressLike {
  /** The prototype of all requests of this application. */
  readonly request: object;
  /** The prototype of all its responses. */
  readonly response: ServerResponse;
}

function defineOnExpress(app: ExpressLike, { key, value, session }: RequestProperties): void {
  makeHookable(app.response);
  Object.defineProperty(app.request, key, { value, configurable: true });
  if (session === undefined) return;
  Object.defineProperty(app.request, 'session', {
    configurable: true,
    get(this: AnyRequest) {
      return session.get(this, responseOf(this));
    },
    set: (assigned: unknown) => session.refuse(assigned),
  });
}

interface FastifyLike {
  hasRequestDecorator(name: string | symbol): boolean;
  decorateRequest(name: string | symbol, ...property: unknown[]): unknown;
  addHook(
    name: 'onRequest',
    hook: (request: AnyRequest, reply: AnyResponse, done: () => void) => void,
  ): void;
}

function defineOnFastify(app: FastifyLike, { key, value, session }: RequestProperties): void {
  app.decorateRequest(key, { getter: () => value });
  app.decorateRequest(REPLY, null);
  app.addHook('onRequest', (request, reply, done) => {
    (request as { [REPLY]?: AnyResponse })[REPLY] = reply;
    done();
  });
  // A session library that was registered before keeps its own.
  if (session === undefined || app.hasRequestDecorator('session')) return;
  app.decorateRequest('session', {
    getter(this: AnyRequest) {
      return session.get(this, responseOf(this));
    },
    setter: (assigned: unknown) => session.refuse(assigned),
  });
  // Plugins get instances that inherit from this one. Fastify's own error names no remedy.
  const { decorateRequest } = app;
  app.decorateRequest = function (this: FastifyLike, name, ...property) {
    if (name === 'session') session.refuseOther();
    return decorateRequest.call(this, name, ...property);
  };
}
