import type { AnyRequest, AnyResponse } from './request.js';

/** Called before an application's `clearCookie` runs. */
export type OnClearCookie = (request: AnyRequest, response: AnyResponse, name: string) => void;

type ClearCookie = (this: ClearingResponse, name: string, ...options: unknown[]) => unknown;

type ClearingResponse = AnyResponse & {
  readonly req?: AnyRequest;
  readonly request?: AnyRequest;
};

/** Tells of each call of `clearCookie` on the responses of one application of Express. No other call pays. */
export function watchClearCookie(prototype: object, tell: OnClearCookie): void {
  const original = Reflect.get(prototype, 'clearCookie') as ClearCookie;
  const value = watched(original, tell);
  Object.defineProperty(prototype, 'clearCookie', { value, configurable: true, writable: true });
}

/** The same for Fastify, where @fastify/cookie puts it on the prototype of its replies. */
export function watchClearCookieOf(reply: object, tell: OnClearCookie): void {
  let owner: object | null = reply;
  while (owner !== null && !Object.hasOwn(owner, 'clearCookie')) {
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  if (owner !== null) watchClearCookie(owner, tell);
}

function watched(original: ClearCookie, tell: OnClearCookie): ClearCookie {
  return function (name, ...options) {
    // Express has the request under `req`, Fastify under `request`.
    const request = this.request ?? this.req;
    if (request !== undefined) tell(request, this, name);
    return original.call(this, name, ...options);
  };
}
