import type { IncomingMessage, ServerResponse } from 'node:http';
import { callbackOf, endSources, refuseAsClosed } from './closed-response.js';
import { HeldResponse } from './held-response.js';
import { HOOK, type Hook, hookable, type Originals } from './hookable-response.js';
import { becomePlainError } from './plain-error.js';
import { isChunk, takeHead } from './response-head.js';

export { makeHookable } from './hookable-response.js';

/** What is done with a response that Nest may never see again. */
export interface ResponseListener {
  /**
   * Called before anything is written, with the status that it is written with. The response is held
   * back until the promise is settled, and becomes a plain error where it is rejected. Where nothing
   * has to be waited for there is none.
   */
  beforeWriting(status: number): Promise<void> | undefined;
  /**
   * Called before the headers leave, while they can still be changed, with all that the
   * application set. Called again, with the status of then, where Node refuses the response after
   * all: the `Set-Cookie` of the first call is gone by then.
   *
   * @throws what turns the response into a plain error
   */
  beforeHeaders(response: ServerResponse): void;
  /**
   * Called with what a listener threw or Node refused, when the response has become a plain error,
   * before that leaves. No `Set-Cookie` of `beforeHeaders` is left on it.
   */
  failed(error: unknown, response: ServerResponse): void;
  /**
   * Called when a response ends whose headers left earlier.
   *
   * @param hasStreamed whether a part of the body was written before
   */
  endedLate(hasStreamed: boolean): void;
}

type HookedRequest = IncomingMessage & { [HOOK]?: ResponseHook };

/** The hook of a request, made where there is none. It hangs on the request alone, for speed. */
export function hookOf(request: HookedRequest): ResponseHook {
  return (request[HOOK] ??= new ResponseHook(request));
}

/** The hook of a response, if somebody has asked for that of its request. */
export function existingHookOf(response: ServerResponse): ResponseHook | undefined {
  // A response that was made by hand may know no request.
  return (response.req as HookedRequest | undefined)?.[HOOK];
}

/**
 * Asks its listeners before the headers of a response leave, however they do. It stands on
 * Node's `ServerResponse`, which is Express's `res` and Fastify's `reply.raw`.
 */
export class ResponseHook implements Hook {
  /** More than one where an application stands within another. */
  readonly listeners: ResponseListener[] = [];
  response: ServerResponse | undefined;
  private originals: Originals | undefined;
  /** Whether Node sends what the listeners were asked about: its methods call each other. */
  private isSending = false;
  /** What the application sends while a listener waits. */
  private held: HeldResponse | undefined;
  private hasStreamed = false;
  /** Whether the response has become a plain error. */
  private hasFailed = false;
  /** The `Set-Cookie` headers of the application. */
  private cookies: string | number | string[] | undefined;

  constructor(private readonly request: HookedRequest) {}

  /** Takes the response whose headers are waited for. */
  attach(response: ServerResponse): void {
    if (this.response !== undefined) return;
    this.response = response;
    // A server without sockets, or a test, may make responses that know another request, or none.
    const knowing = response as { req?: HookedRequest };
    knowing.req ??= this.request;
    knowing.req[HOOK] = this;
    this.originals = hookable(response);
  }

  writeHead(status: unknown, reason: unknown, headers: unknown): ServerResponse {
    const { writeHead } = this.originals!;
    const response = this.response!;
    if (this.held !== undefined) return this.held.writeHead(status, reason, headers);
    if (this.isSending || response.headersSent || !takeHead(response, status, reason, headers)) {
      return writeHead.call(response, status, reason, headers);
    }
    const { statusCode } = response;
    const phrase = typeof reason === 'string' ? reason : undefined;
    if (this.hold()) return this.held!.writeHead(statusCode, phrase);
    return this.ask() ? this.send(writeHead, statusCode, phrase) : response;
  }

  flushHeaders(): void {
    const { flushHeaders } = this.originals!;
    const response = this.response!;
    if (this.held !== undefined) return this.held.flushHeaders();
    if (this.hasFailed) return;
    if (this.isLeaving() || !takeHead(response, response.statusCode)) {
      return flushHeaders.call(response);
    }
    if (this.hold()) this.held!.flushHeaders();
    else if (this.ask()) this.send(flushHeaders);
  }

  write(chunk: unknown, encoding: unknown, callback: unknown): boolean {
    const { write } = this.originals!;
    const response = this.response!;
    if (this.held !== undefined) return this.held.write(chunk, encoding, callback);
    if (this.hasFailed && !this.isSending) {
      return refuseAsClosed(response, callbackOf([encoding, callback]));
    }
    // In HTTP/2 `end` writes its chunk by `write`.
    this.hasStreamed ||= !this.isSending;
    if (
      this.isLeaving() ||
      !isChunk(response, chunk, encoding) ||
      !takeHead(response, response.statusCode)
    ) {
      return write.call(response, chunk, encoding, callback);
    }
    if (this.hold()) return this.held!.write(chunk, encoding, callback);
    if (this.ask()) return this.send(write, chunk, encoding, callback);
    return refuseAsClosed(response, callbackOf([encoding, callback]));
  }

  end(chunk: unknown, encoding: unknown, callback: unknown): ServerResponse {
    const { end } = this.originals!;
    const response = this.response!;
    if (this.held !== undefined) return this.held.end(chunk, encoding, callback);
    if (this.hasFailed) {
      refuseAsClosed(response, callbackOf([chunk, encoding, callback]));
      return response;
    }
    if (this.isLeaving()) {
      if (!response.writableEnded) this.tellOfEnd();
      return end.call(response, chunk, encoding, callback);
    }
    const hasBody = Boolean(chunk) && typeof chunk !== 'function';
    if (
      (hasBody && !isChunk(response, chunk, encoding)) ||
      !takeHead(response, response.statusCode)
    ) {
      return end.call(response, chunk, encoding, callback);
    }
    if (this.hold()) return this.held!.end(chunk, encoding, callback);
    if (this.ask()) return this.send(end, chunk, encoding, callback);
    refuseAsClosed(response, callbackOf([chunk, encoding, callback]));
    return response;
  }

  /** Whether the listeners have nothing more to say: the headers have left, or are leaving. */
  private isLeaving(): boolean {
    return this.isSending || this.response!.headersSent || this.response!.writableEnded;
  }

  private tellOfEnd(): void {
    for (const listener of this.listeners) listener.endedLate(this.hasStreamed);
  }

  /** @returns whether the response waits for a listener */
  private hold(): boolean {
    const response = this.response!;
    const waiting = this.waitFor(response.statusCode);
    if (waiting === undefined) return false;
    const held = new HeldResponse(response, this.originals!);
    this.held = held;
    waiting.then(
      () => this.release(held),
      (error: unknown) => {
        this.held = undefined;
        held.restore();
        this.cookies = response.getHeader('set-cookie');
        this.fail(error);
        held.drop();
      },
    );
    return true;
  }

  private waitFor(status: number): Promise<unknown> | undefined {
    let waiting: Promise<void>[] | undefined;
    for (const listener of this.listeners) {
      const one = listener.beforeWriting(status);
      if (one !== undefined) (waiting ??= []).push(one);
    }
    return waiting && (waiting.length === 1 ? waiting[0] : Promise.all(waiting));
  }

  /** Sends what the application sent meanwhile. */
  private release(held: HeldResponse): void {
    const response = this.response!;
    this.held = undefined;
    held.restore();
    if (response.destroyed || !this.ask()) return held.drop();
    try {
      for (const { method, args } of held.calls) {
        if (method === 'end' && response.headersSent) this.tellOfEnd();
        const original: (...args: unknown[]) => unknown = this.originals![method];
        this.send(original, ...args);
      }
    } catch (error) {
      // The application is no longer there to be told.
      if (response.headersSent) response.destroy(error as Error);
      else this.fail(error);
      return held.drop();
    }
    held.letGo();
  }

  /** @returns whether the response may leave; where not, it has left as a plain error */
  private ask(): boolean {
    const response = this.response!;
    const cookies = response.getHeader('set-cookie');
    this.cookies = Array.isArray(cookies) ? [...cookies] : cookies;
    try {
      for (const listener of this.listeners) listener.beforeHeaders(response);
      return true;
    } catch (error) {
      this.takeBack();
      this.fail(error);
      return false;
    }
  }

  /** Takes away the cookies that the listeners set for a response which does not leave. */
  private takeBack(): void {
    const response = this.response!;
    if (this.cookies === undefined) response.removeHeader('set-cookie');
    else response.setHeader('set-cookie', this.cookies);
  }

  /** Answers with a plain error. */
  private fail(error: unknown): void {
    const response = this.response!;
    this.hasFailed = true;
    try {
      const body = becomePlainError(response, error);
      for (const listener of this.listeners) listener.failed(error, response);
      endSources(response);
      this.send(this.originals!.end, body, 'utf8');
    } catch (refused) {
      response.destroy(refused as Error);
    }
  }

  private send<T>(
    original: (...args: unknown[]) => T,
    chunk?: unknown,
    encoding?: unknown,
    callback?: unknown,
  ): T {
    this.isSending = true;
    try {
      return original.call(this.response, chunk, encoding, callback);
    } catch (error) {
      if (!this.response!.headersSent) this.takeBack();
      throw error;
    } finally {
      this.isSending = false;
    }
  }
}
