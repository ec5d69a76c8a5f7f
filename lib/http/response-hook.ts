import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import onHeaders from 'on-headers';

/** What is done with a response that Nest may never see again. */
export interface ResponseListener {
  /**
   * Called before the headers leave, while they can still be changed. May be called again, if
   * the response did not leave then.
   *
   * @throws what turns the response into a plain 500
   */
  beforeHeaders(response: ServerResponse): void;
  /** Called with what `beforeHeaders` threw, once the response is a plain 500. */
  failed(error: unknown, response: ServerResponse): void;
  /** Called when a response ends whose headers left earlier. */
  endedLate(): void;
}

const PLAIN_ERROR = JSON.stringify({ statusCode: 500, message: 'Internal server error' });

/** Headers that describe a body or a target which a plain 500 does not have. */
const OF_THE_BODY = /^(content-|etag$|last-modified$|location$|accept-ranges$|transfer-encoding$)/;

/** The methods by which a response leaves, as they are without a hook. */
interface Originals {
  readonly writeHead: (...args: unknown[]) => ServerResponse;
  readonly write: (...args: unknown[]) => boolean;
  readonly end: (...args: unknown[]) => ServerResponse;
}

/** On a prototype whose methods look for a hook already. */
const ORIGINALS = Symbol('originals');

type HookableResponse = ServerResponse & { readonly [ORIGINALS]?: Originals };

/** On the request, where its response finds it. */
const HOOK = Symbol('hook');

type HookedRequest = IncomingMessage & { [HOOK]?: ResponseHook };

/**
 * The hook of a request, made where there is none. It hangs on the request alone: each property
 * that is added after Express has changed a prototype costs more than a microsecond, and what
 * it leaves behind costs the garbage collector more. (A WeakMap was tried: it costs that too.)
 */
export function hookOf(request: HookedRequest): ResponseHook {
  return (request[HOOK] ??= new ResponseHook(request));
}

/** The hook of a response, if somebody has asked for that of its request. */
export function existingHookOf(response: ServerResponse): ResponseHook | undefined {
  // A response that was made by hand may know no request.
  return (response.req as HookedRequest | undefined)?.[HOOK];
}

/** Makes the responses of one application hookable by their prototype, once for all of them. */
export function makeHookable(prototype: ServerResponse): void {
  Object.defineProperty(prototype, ORIGINALS, { value: originalsOf(prototype) });
  replaceMethods(prototype);
}

function originalsOf(target: ServerResponse): Originals {
  const { writeHead, write, end } = target as unknown as Originals;
  return { writeHead, write, end };
}

/**
 * `writeHead` is hooked, since everything comes by there in HTTP/1; `write` and `end` too, since
 * there alone a body can still be exchanged for that of an error, and since in HTTP/2 they do
 * not call `writeHead`. The same functions serve every response.
 */
function replaceMethods(target: ServerResponse): void {
  target.writeHead = writeHeadByHook;
  target.write = writeByHook;
  target.end = endByHook;
}

function writeHeadByHook(this: HookableResponse, ...args: unknown[]): never {
  const hook = attachedHookOf(this);
  return (hook?.writeHead(args) ?? this[ORIGINALS]!.writeHead.apply(this, args)) as never;
}

function writeByHook(this: HookableResponse, ...args: unknown[]): boolean {
  return attachedHookOf(this)?.write(args) ?? this[ORIGINALS]!.write.apply(this, args);
}

function endByHook(this: HookableResponse, ...args: unknown[]): never {
  return (attachedHookOf(this)?.end(args) ?? this[ORIGINALS]!.end.apply(this, args)) as never;
}

function attachedHookOf(response: ServerResponse): ResponseHook | undefined {
  const hook = existingHookOf(response);
  return hook?.response === response ? hook : undefined;
}

/**
 * Asks its listeners before the headers of a response leave, however they do. It stands on
 * Node's `ServerResponse`, which is Express's `res` and Fastify's `reply.raw`.
 */
export class ResponseHook {
  /** More than one where an application stands within another. */
  readonly listeners: ResponseListener[] = [];
  response: ServerResponse | undefined;
  private originals: Originals | undefined;
  /** Between `write` or `end` and the `writeHead` that they call: the listeners were just asked. */
  private isAsked = false;
  private hasFailed = false;

  constructor(private readonly request: HookedRequest) {}

  /** Takes the response whose headers are waited for. */
  attach(response: HookableResponse): void {
    if (this.response !== undefined) return;
    this.response = response;
    // A server without sockets, or a test, may make responses that know another request, or none.
    const knowing = response as { req?: HookedRequest };
    knowing.req ??= this.request;
    knowing.req[HOOK] = this;
    this.originals = response[ORIGINALS] ?? originalsOf(response);
    if (response[ORIGINALS] === undefined) replaceMethods(response);
  }

  writeHead(args: unknown[]): ServerResponse {
    const { writeHead } = this.originals!;
    // A second call is Node's to refuse.
    if (this.isAsked || this.response!.headersSent) return writeHead.apply(this.response, args);
    // It sets the headers among the arguments first, so that the listeners find them all.
    const hooked = { writeHead };
    onHeaders(hooked as unknown as ServerResponse, () => this.ask());
    return hooked.writeHead.apply(this.response, args);
  }

  write(args: unknown[]): boolean {
    const { write } = this.originals!;
    // In HTTP/2 `end` writes its chunk by `write`.
    if (this.isAsked || (this.response!.headersSent && !this.hasFailed)) {
      return write.apply(this.response, args);
    }
    this.ask();
    return this.hasFailed ? dropped(args) : this.send(write, args);
  }

  end(args: unknown[]): ServerResponse {
    const { end } = this.originals!;
    if (this.response!.writableEnded) return end.apply(this.response, args);
    if (this.response!.headersSent && !this.hasFailed) {
      for (const listener of this.listeners) listener.endedLate();
      return end.apply(this.response, args);
    }
    this.ask();
    if (!this.hasFailed) return this.send(end, args);
    dropped(args);
    return this.send(end, [PLAIN_ERROR, 'utf8']);
  }

  private ask(): void {
    if (this.hasFailed) return;
    try {
      for (const listener of this.listeners) listener.beforeHeaders(this.response!);
    } catch (error) {
      this.hasFailed = true;
      becomePlainError(this.response!);
      for (const listener of this.listeners) listener.failed(error, this.response!);
    }
  }

  private send<T>(original: (...args: unknown[]) => T, args: unknown[]): T {
    this.isAsked = true;
    try {
      return original.apply(this.response, args);
    } finally {
      this.isAsked = false;
    }
  }
}

/**
 * The body that was to go out is dropped. Who waits for it to be written is told that it was.
 *
 * @returns what `write` does where it takes more
 */
function dropped(args: unknown[]): true {
  const callback = args.find((arg): arg is () => void => typeof arg === 'function');
  if (callback !== undefined) process.nextTick(callback);
  return true;
}

function becomePlainError(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (OF_THE_BODY.test(name)) response.removeHeader(name);
  }
  response.statusCode = 500;
  // HTTP/2 has no such thing, and Node warns of it there.
  if (response.req.httpVersionMajor === 1) response.statusMessage = STATUS_CODES[500]!;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(PLAIN_ERROR));
  response.setHeader('Cache-Control', 'no-store');
}
