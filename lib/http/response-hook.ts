import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import onHeaders from 'on-headers';
import { callBackOf, HeldResponse } from './held-response.js';
import { plainErrorOf } from './plain-error.js';

/** What is done with a response that Nest may never see again. */
export interface ResponseListener {
  /**
   * Called before anything is written, with the status that it is written with. The response is held
   * back until the promise is settled, and becomes a plain error where it is rejected. Where nothing
   * has to be waited for there is none.
   */
  beforeWriting(status: number): Promise<void> | undefined;
  /**
   * Called before the headers leave, while they can still be changed. May be called again, if
   * the response did not leave then.
   *
   * @throws what turns the response into a plain error
   */
  beforeHeaders(response: ServerResponse): void;
  /** Called with what `beforeHeaders` threw, once the response is a plain error. */
  failed(error: unknown, response: ServerResponse): void;
  /** Called when a response ends whose headers left earlier. */
  endedLate(): void;
}

/** Headers that describe a body or a target which a plain error does not have. */
const OF_THE_BODY =
  /^(content-|etag$|last-modified$|location$|accept-ranges$|transfer-encoding$|trailer$)/;

/** The methods by which a response leaves, as they are without a hook. */
interface Originals {
  readonly writeHead: (...args: unknown[]) => ServerResponse;
  readonly flushHeaders: () => void;
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

function writeHeadByHook(this: HookableResponse, ...args: unknown[]): never {
  const hook = attachedHookOf(this);
  if (hook === undefined) return this[ORIGINALS]!.writeHead.apply(this, args) as never;
  return hook.writeHead(args) as never;
}

function flushHeadersByHook(this: HookableResponse, ...args: unknown[]): void {
  const hook = attachedHookOf(this);
  if (hook === undefined) this[ORIGINALS]!.flushHeaders.call(this);
  else hook.flushHeaders(args);
}

function writeByHook(this: HookableResponse, ...args: unknown[]): boolean {
  const hook = attachedHookOf(this);
  return hook === undefined ? this[ORIGINALS]!.write.apply(this, args) : hook.write(args);
}

function endByHook(this: HookableResponse, ...args: unknown[]): never {
  const hook = attachedHookOf(this);
  if (hook === undefined) return this[ORIGINALS]!.end.apply(this, args) as never;
  return hook.end(args) as never;
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
  /** What was sent while a listener waits. */
  private held: HeldResponse | undefined;
  /** Whether what was held is being sent: nobody is waited for again. */
  private isReleasing = false;
  /** The body of the error that the response has become. */
  private plainError: string | undefined;

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
    if (this.isHeld(args[0])) return this.held!.hold('writeHead', args) as ServerResponse;
    // A second call is Node's to refuse.
    if (this.isAsked || this.response!.headersSent) return writeHead.apply(this.response, args);
    // It sets the headers among the arguments first, so that the listeners find them all.
    const hooked = { writeHead };
    onHeaders(hooked as unknown as ServerResponse, () => this.ask());
    return hooked.writeHead.apply(this.response, args);
  }

  flushHeaders(args: unknown[]): void {
    if (this.isHeld()) this.held!.hold('flushHeaders', args);
    else this.originals!.flushHeaders.call(this.response);
  }

  write(args: unknown[]): boolean {
    const { write } = this.originals!;
    if (this.isHeld()) return this.held!.hold('write', args) as boolean;
    // In HTTP/2 `end` writes its chunk by `write`.
    if (this.isAsked || (this.response!.headersSent && this.plainError === undefined)) {
      return write.apply(this.response, args);
    }
    this.ask();
    return this.plainError === undefined ? this.send(write, args) : dropped(args);
  }

  end(args: unknown[]): ServerResponse {
    const { end } = this.originals!;
    if (this.isHeld()) return this.held!.hold('end', args) as ServerResponse;
    if (this.response!.writableEnded) {
      if (this.plainError === undefined) return end.apply(this.response, args);
      dropped(args);
      return this.response!;
    }
    if (this.response!.headersSent && this.plainError === undefined) {
      for (const listener of this.listeners) listener.endedLate();
      return end.apply(this.response, args);
    }
    this.ask();
    if (this.plainError === undefined) return this.send(end, args);
    dropped(args);
    return this.sendPlainError();
  }

  /**
   * Whether the response waits, and what is sent now must wait with it.
   *
   * @param status that it leaves with, where it is another than the response has
   */
  private isHeld(status?: unknown): boolean {
    const response = this.response!;
    if (this.held !== undefined) return true;
    if (this.isAsked || this.isReleasing || response.headersSent || this.plainError !== undefined) {
      return false;
    }
    const waiting = this.waitFor(typeof status === 'number' ? status : response.statusCode);
    if (waiting === undefined) return false;
    const held = new HeldResponse(response);
    this.held = held;
    const release = () => {
      this.held = undefined;
      this.isReleasing = true;
      try {
        held.release((method, args) => this[method](args));
      } catch (error) {
        this.giveUp(error);
      }
    };
    waiting.then(release, (error: unknown) => {
      this.held = undefined;
      this.fail(error);
      held.drop();
      this.sendPlainError();
    });
    return true;
  }

  /** Node refuses what was held. Who sent it is no longer there to be told. */
  private giveUp(error: unknown): void {
    if (this.response!.headersSent) {
      this.response!.destroy(error as Error);
      return;
    }
    this.fail(error);
    this.sendPlainError();
  }

  private waitFor(status: number): Promise<unknown> | undefined {
    const waiting: Promise<void>[] = [];
    for (const listener of this.listeners) {
      const one = listener.beforeWriting(status);
      if (one !== undefined) waiting.push(one);
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  private ask(): void {
    if (this.plainError !== undefined) return;
    try {
      for (const listener of this.listeners) listener.beforeHeaders(this.response!);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.plainError = becomePlainError(this.response!, error);
    for (const listener of this.listeners) listener.failed(error, this.response!);
  }

  private sendPlainError(): ServerResponse {
    return this.send(this.originals!.end, [this.plainError, 'utf8']);
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
  const callback = callBackOf(args);
  if (callback !== undefined) process.nextTick(callback);
  return true;
}

/** @returns the body */
function becomePlainError(response: ServerResponse, error: unknown): string {
  const plain = plainErrorOf(error);
  const body = JSON.stringify(plain);
  for (const name of response.getHeaderNames()) {
    if (OF_THE_BODY.test(name)) response.removeHeader(name);
  }
  response.statusCode = plain.statusCode;
  // HTTP/2 has no such thing, and Node warns of it there.
  if (response.req.httpVersionMajor === 1) {
    response.statusMessage = STATUS_CODES[plain.statusCode]!;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('Cache-Control', 'no-store');
  return body;
}
