import type { ServerResponse } from 'node:http';

/** The methods by which a response leaves, as they are without a hook. */
export interface Originals {
  readonly writeHead: (...args: unknown[]) => ServerResponse;
  readonly flushHeaders: () => void;
  readonly write: (...args: unknown[]) => boolean;
  readonly end: (...args: unknown[]) => ServerResponse;
}

/** On a prototype whose methods look for a hook already. */
const ORIGINALS = Symbol('originals');

/** On the request, where its response finds its hook. */
export const HOOK = Symbol('hook');

/** A response whose methods may look for a hook. */
type HookableResponse = ServerResponse & { readonly [ORIGINALS]?: Originals };

/** What the methods of a response call in their place. */
export interface Hook {
  /** The response that it was attached to. */
  readonly response: ServerResponse | undefined;
  writeHead(status: unknown, reason: unknown, headers: unknown): ServerResponse;
  flushHeaders(): void;
  write(chunk: unknown, encoding: unknown, callback: unknown): boolean;
  end(chunk: unknown, encoding: unknown, callback: unknown): ServerResponse;
}

/** Makes the responses of one application hookable by their prototype, once for all of them. */
export function makeHookable(prototype: ServerResponse): void {
  Object.defineProperty(prototype, ORIGINALS, { value: originalsOf(prototype) });
  replaceMethods(prototype);
}

/** Makes a response hookable, if its prototype does not. */
export function hookable(response: HookableResponse): Originals {
  const known = response[ORIGINALS];
  if (known !== undefined) return known;
  const originals = originalsOf(response);
  replaceMethods(response);
  return originals;
}

function originalsOf(target: ServerResponse): Originals {
  const { writeHead, flushHeaders, write, end } = target as unknown as Originals;
  return { writeHead, flushHeaders, write, end };
}

/**
 * `writeHead` is hooked, since everything comes by there in HTTP/1; `write` and `end` too, since
 * there alone a body can still be exchanged for that of an error, and since in HTTP/2 they do
 * not call `writeHead`; `flushHeaders`, since it sends what `writeHead` made, which may be held. The
 * same functions serve every response.
 */
function replaceMethods(target: ServerResponse): void {
  target.writeHead = writeHeadByHook;
  target.flushHeaders = flushHeadersByHook;
  target.write = writeByHook;
  target.end = endByHook;
}

function writeHeadByHook(
  this: HookableResponse,
  status: unknown,
  reason?: unknown,
  headers?: unknown,
): never {
  const hook = attachedHookOf(this);
  if (hook !== undefined) return hook.writeHead(status, reason, headers) as never;
  return this[ORIGINALS]!.writeHead.call(this, status, reason, headers) as never;
}

function flushHeadersByHook(this: HookableResponse): void {
  const hook = attachedHookOf(this);
  if (hook !== undefined) hook.flushHeaders();
  else this[ORIGINALS]!.flushHeaders.call(this);
}

function writeByHook(
  this: HookableResponse,
  chunk: unknown,
  encoding?: unknown,
  callback?: unknown,
): boolean {
  const hook = attachedHookOf(this);
  if (hook !== undefined) return hook.write(chunk, encoding, callback);
  return this[ORIGINALS]!.write.call(this, chunk, encoding, callback);
}

function endByHook(
  this: HookableResponse,
  chunk?: unknown,
  encoding?: unknown,
  callback?: unknown,
): never {
  const hook = attachedHookOf(this);
  if (hook !== undefined) return hook.end(chunk, encoding, callback) as never;
  return this[ORIGINALS]!.end.call(this, chunk, encoding, callback) as never;
}

function attachedHookOf(response: ServerResponse): Hook | undefined {
  // A response that was made by hand may know no request.
  const hook = (response.req as { readonly [HOOK]?: Hook } | undefined)?.[HOOK];
  return hook?.response === response ? hook : undefined;
}
