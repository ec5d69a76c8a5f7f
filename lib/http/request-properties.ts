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
    /** Called once a request has the property itself, so that somebody can delete it. */
    shown(request: AnyRequest, response: AnyResponse | undefined): void;
    /** Called with what somebody assigns to it. */
    refuse(assigned: unknown): never;
    /** Called where another library of Fastify defines it afterwards: it is theirs from then on. */
    leave(): void;
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
  const accessor = {
    configurable: true,
    get(this: AnyRequest) {
      return show(this, session, accessor);
    },
    set(assigned: unknown) {
      session.refuse(assigned);
    },
  };
  Object.defineProperty(app.request, 'session', accessor);
}

/**
 * What `request.session` shows. The request has the property itself from then on: nobody is told of a
 * `delete` of what its prototype has.
 */
function show(
  request: AnyRequest,
  session: NonNullable<RequestProperties['session']>,
  accessor: PropertyDescriptor,
): unknown {
  const response = responseOf(request);
  const shown = session.get(request, response);
  if (!Object.hasOwn(request, 'session')) {
    Object.defineProperty(request, 'session', accessor);
    session.shown(request, response);
  }
  return shown;
}

interface FastifyLike {
  hasRequestDecorator(name: string | symbol): boolean;
  decorateRequest(name: string | symbol, ...property: unknown[]): unknown;
  addHook(
    name: 'onRequest',
    hook: (request: AnyRequest, reply: AnyResponse, done: () => void) => void,
  ): void;
}

/** Under which a request has the session of another library. */
const OTHERS = Symbol("others' session");

type OthersRequest = AnyRequest & { [OTHERS]?: unknown };

/** What another library defines in place of our `request.session`. */
interface OthersSession {
  readonly getter?: (this: AnyRequest) => unknown;
  readonly setter?: (this: AnyRequest, assigned: unknown) => void;
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
  let others: OthersSession | undefined;
  function getter(this: OthersRequest): unknown {
    if (others === undefined) return show(this, session!, accessor);
    return others.getter === undefined ? (this[OTHERS] ?? null) : others.getter.call(this);
  }
  function setter(this: OthersRequest, assigned: unknown): void {
    if (others === undefined) session!.refuse(assigned);
    else if (others.setter === undefined) this[OTHERS] = assigned;
    else others.setter.call(this, assigned);
  }
  const accessor = { configurable: true, get: getter, set: setter };
  app.decorateRequest('session', { getter, setter });
  // Plugins get instances that inherit from this one. What one throws in a plugin ends the process.
  const original = Reflect.get(app, 'decorateRequest') as (...args: unknown[]) => unknown;
  app.decorateRequest = function (this: FastifyLike, name, ...property) {
    if (name !== 'session') return original.call(this, name, ...property);
    session.leave();
    others = (property[0] as OthersSession | null | undefined) ?? {};
    return this;
  };
}
