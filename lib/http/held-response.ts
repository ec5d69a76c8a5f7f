/* oxlint-disable no-underscore-dangle -- the names are Node's */
import type { ServerResponse } from 'node:http';
import { callbackOf, errorOf, refuseAfterEnd, refuseAsClosed } from './closed-response.js';
import type { Originals } from './hookable-response.js';
import { isChunk, isHttp1 } from './response-head.js';

interface StatusLine {
  statusCode: number;
  statusMessage?: string;
}

interface HeldCall {
  readonly method: keyof Originals;
  readonly args: readonly unknown[];
}

/** Where Node 20 to 24 keep what `headersSent`, `finished` and `addTrailers` go by in HTTP/1. */
interface Http1State {
  _header: string | null;
  _trailer: string;
  finished: boolean;
}

/**
 * What an application sends while its headers wait, in the order of its calls. From the first call
 * on the application sees a response that has been sent, and what it hands over is copied.
 */
export class HeldResponse {
  readonly calls: HeldCall[] = [];
  private readonly status: StatusLine;
  private readonly lists: readonly (readonly [string, readonly string[]])[];
  private readonly isHttp1: boolean;
  /** Node takes as much as it is given of a body that it does not send. */
  private readonly hasBody: boolean;
  /** The bytes of the body so far. */
  private length = 0;
  private hasEnded = false;
  private trailer = '';
  /** Whether the application was told to write no more for now. */
  private needsDrain = false;
  /** What the application has made of the status since, which does not leave. */
  private lateStatus: StatusLine | undefined;
  /** The properties that hide those of the response. */
  private readonly hidden: string[] = [];

  constructor(
    private readonly response: ServerResponse,
    private readonly originals: Originals,
  ) {
    this.isHttp1 = isHttp1(response);
    this.status = this.statusLine();
    this.hasBody =
      response.req.method !== 'HEAD' && !/^(1..|204|304)$/.test(`${response.statusCode}`);
    this.lists = listsOf(response, this.isHttp1);
    if (this.isHttp1) this.pretendInHttp1();
    else this.pretendInHttp2();
  }

  /** Node refuses a second one by itself, since the headers seem to be sent. */
  writeHead(...args: unknown[]): ServerResponse {
    if (this.calls.length > 0 && !this.isHttp1) throw headersSentInHttp2();
    if (this.calls.length > 0) return this.originals.writeHead.apply(this.response, args);
    this.calls.push({ method: 'writeHead', args });
    return this.response;
  }

  flushHeaders(): void {
    if (!this.hasEnded) this.calls.push({ method: 'flushHeaders', args: [] });
  }

  write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const { response } = this;
    // Node refuses what it cannot send, and what comes when the client has gone.
    if (!isChunk(response, chunk, encoding) || (response.destroyed && !this.hasEnded)) {
      return this.originals.write.call(response, chunk, encoding, callback);
    }
    if (this.hasEnded) return refuseAfterEnd(response, callbackOf([encoding, callback]));
    if (this.hasBody) this.length += lengthOf(chunk as Chunk, encoding);
    this.calls.push({ method: 'write', args: [copyOf(chunk as Chunk), encoding, callback] });
    if (this.length < response.writableHighWaterMark) return true;
    if (!this.needsDrain)
      this.hide('writableNeedDrain', () => !response.destroyed && !this.hasEnded);
    this.needsDrain = true;
    return false;
  }

  end(chunk?: unknown, encoding?: unknown, callback?: unknown): ServerResponse {
    const { response } = this;
    if (typeof chunk === 'function') return this.end(undefined, undefined, chunk);
    if (this.hasEnded) {
      if (!chunk && this.isHttp1)
        return this.originals.end.call(response, chunk, encoding, callback);
      refuseAfterEnd(response, callbackOf([encoding, callback]));
      return response;
    }
    if (chunk && !isChunk(response, chunk, encoding)) {
      return this.originals.end.call(response, chunk, encoding, callback);
    }
    const kept = chunk ? copyOf(chunk as Chunk) : undefined;
    this.calls.push({ method: 'end', args: [kept, encoding, callback] });
    this.hasEnded = true;
    if (this.isHttp1) {
      const state = this.response as unknown as Http1State;
      state.finished = true;
      this.trailer = state._trailer;
    }
    return response;
  }

  /** Makes the response again what it was at the first call, with what the application cannot see. */
  restore(): void {
    for (const property of this.hidden) Reflect.deleteProperty(this.response, property);
    if (this.isHttp1) {
      const state = this.response as unknown as Http1State;
      state._header = null;
      if (this.hasEnded) {
        state.finished = false;
        state._trailer = this.trailer;
      }
    }
    this.lateStatus = this.statusLine();
    Object.assign(this.response, this.status);
    for (const [name, values] of this.lists) this.response.setHeader(name, values);
  }

  /**
   * Shows the application what it has made of the response since, and tells it to write on where it
   * was told to wait and Node does not tell it.
   */
  letGo(): void {
    const { response } = this;
    Object.assign(response, this.lateStatus);
    if (this.needsDrain && !this.hasEnded && !response.writableNeedDrain) response.emit('drain');
  }

  /** Tells the application that nothing of what it sent is written. */
  drop(): void {
    for (const { method, args } of this.calls) {
      if (method === 'write' || method === 'end') {
        refuseAsClosed(this.response, callbackOf(args));
      }
    }
  }

  /** HTTP/2 has no reason phrase, and Node warns of it there. */
  private statusLine(): StatusLine {
    const { statusCode } = this.response;
    return this.isHttp1
      ? { statusCode, statusMessage: this.response.statusMessage }
      : { statusCode };
  }

  private pretendInHttp1(): void {
    const { response } = this;
    const statusLine = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n\r\n`;
    (response as unknown as Http1State)._header = statusLine;
  }

  private pretendInHttp2(): void {
    this.hide('headersSent', () => true);
    this.hide('finished', () => this.hasEnded);
    this.hide('writableEnded', () => this.hasEnded);
    const refuse = () => {
      throw headersSentInHttp2();
    };
    for (const method of ['setHeader', 'appendHeader', 'setHeaders', 'removeHeader']) {
      if (method in this.response) this.hide(method, () => refuse);
    }
  }

  private hide(property: string, get: () => unknown): void {
    Object.defineProperty(this.response, property, { get, configurable: true });
    this.hidden.push(property);
  }
}

type Chunk = string | Uint8Array;

function copyOf(chunk: Chunk): Chunk {
  return typeof chunk === 'string' ? chunk : Buffer.from(chunk);
}

function lengthOf(chunk: Chunk, encoding: unknown): number {
  if (typeof chunk !== 'string') return chunk.byteLength;
  return Buffer.byteLength(
    chunk,
    typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8',
  );
}

/** The headers whose values are lists, which the application may still change. */
function listsOf(response: ServerResponse, isInHttp1: boolean): [string, string[]][] {
  // The name as it was set is the name that is sent.
  const names = isInHttp1
    ? (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames()
    : response.getHeaderNames();
  return names.flatMap((name): [string, string[]][] => {
    const value = response.getHeader(name);
    return Array.isArray(value) ? [[name, [...value]]] : [];
  });
}

function headersSentInHttp2(): Error {
  return errorOf('ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.');
}
