import { type ServerResponse, STATUS_CODES } from 'node:http';
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
  /** Called with what `beforeHeaders` threw. */
  failed(error: unknown): void;
  /** Called when a response ends whose headers left earlier. */
  endedLate(): void;
}

const PLAIN_ERROR = JSON.stringify({ statusCode: 500, message: 'Internal server error' });

/** Headers that describe a body or a target which a plain 500 does not have. */
const OF_THE_BODY = /^(content-|etag$|last-modified$|location$|accept-ranges$|transfer-encoding$)/;

/**
 * Calls the listener before the headers of a response leave, however they do. It stands on
 * Node's `ServerResponse`, which is Express's `res` and Fastify's `reply.raw`.
 *
 * `writeHead` is hooked, since everything comes by there in HTTP/1; `write` and `end` too, since
 * there alone a body can still be exchanged for that of an error, and since in HTTP/2 they do
 * not call `writeHead`.
 */
export function hookResponse(response: HookedResponse, listener: ResponseListener): void {
  const { [HOOK]: hook } = response;
  if (hook !== undefined) {
    hook.listeners.push(listener);
    return;
  }
  response[HOOK] = new ResponseHook(response, listener);
  onHeaders(response, askHook);
  // The same functions for every response: closures were seen to outlive a young collection.
  response.write = writeByHook;
  response.end = endByHook;
}

const HOOK = Symbol('hook');

type HookedResponse = ServerResponse & { [HOOK]?: ResponseHook };

function askHook(this: HookedResponse): void {
  this[HOOK]!.ask();
}

function writeByHook(this: HookedResponse, ...args: unknown[]): boolean {
  return this[HOOK]!.write(args);
}

function endByHook(this: HookedResponse, ...args: unknown[]): ServerResponse {
  return this[HOOK]!.end(args);
}

class ResponseHook {
  /** More than one where an application stands within another. */
  readonly listeners: ResponseListener[];
  private readonly originalWrite: (...args: unknown[]) => boolean;
  private readonly originalEnd: (...args: unknown[]) => ServerResponse;
  /** Between `write` or `end` and the `writeHead` that they call: the listener was just asked. */
  private isAsked = false;
  private hasFailed = false;

  constructor(
    private readonly response: ServerResponse,
    listener: ResponseListener,
  ) {
    this.listeners = [listener];
    const original = response as unknown as Originals;
    this.originalWrite = original.write;
    this.originalEnd = original.end;
  }

  ask(): void {
    if (this.isAsked || this.hasFailed) return;
    try {
      for (const listener of this.listeners) listener.beforeHeaders(this.response);
    } catch (error) {
      this.hasFailed = true;
      becomePlainError(this.response);
      for (const listener of this.listeners) listener.failed(error);
    }
  }

  write(args: unknown[]): boolean {
    const { response } = this;
    // In HTTP/2 `end` writes its chunk by `write`.
    if (this.isAsked || (response.headersSent && !this.hasFailed)) {
      return this.originalWrite.apply(response, args);
    }
    this.ask();
    if (this.hasFailed) return dropped(args);
    return this.send(this.originalWrite, args);
  }

  end(args: unknown[]): ServerResponse {
    const { response } = this;
    if (response.writableEnded) return this.originalEnd.apply(response, args);
    if (response.headersSent && !this.hasFailed) {
      for (const listener of this.listeners) listener.endedLate();
      return this.originalEnd.apply(response, args);
    }
    this.ask();
    if (!this.hasFailed) return this.send(this.originalEnd, args);
    dropped(args);
    return this.send(this.originalEnd, [PLAIN_ERROR, 'utf8']);
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

interface Originals {
  readonly write: (...args: unknown[]) => boolean;
  readonly end: (...args: unknown[]) => ServerResponse;
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
