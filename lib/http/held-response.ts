import type { ServerResponse } from 'node:http';

/** The methods by which a response leaves. */
export type ResponseMethod = 'writeHead' | 'flushHeaders' | 'write' | 'end';

/**
 * What an application has sent while its headers wait for something, in the order in which it did.
 * To the application the response has left: it sees what it would see then.
 */
export class HeldResponse {
  private readonly calls: { readonly method: ResponseMethod; readonly args: unknown[] }[] = [];

  constructor(private readonly response: ServerResponse) {
    this.pretend('headersSent');
  }

  /**
   * @returns what the method would: that no more should be written for now, or the response
   * @throws Error where Node would: who calls can still be told
   */
  hold(method: ResponseMethod, args: unknown[]): unknown {
    if (method === 'writeHead' && this.calls.length > 0) throw headersSent();
    this.calls.push({ method, args });
    if (method === 'end') this.pretend('writableEnded');
    return method === 'write' ? false : this.response;
  }

  get hasEnded(): boolean {
    return this.calls.some(({ method }) => method === 'end');
  }

  /**
   * Sends all that was held.
   *
   * @param send not by the response's own methods: others may have wrapped them, and have seen it
   */
  release(send: (method: ResponseMethod, args: unknown[]) => void): void {
    this.reveal();
    if (this.response.destroyed) return this.callBack();
    const hasWritten = this.calls.some(({ method }) => method === 'write');
    for (const { method, args } of this.calls) send(method, args);
    // Who was told to wait before writing more is told to go on, where Node will not.
    if (hasWritten && !this.response.writableNeedDrain && !this.hasEnded) {
      this.response.emit('drain');
    }
  }

  /** Forgets all that was held. */
  drop(): void {
    this.reveal();
    this.callBack();
  }

  /** Who waits for something to be written is told that it was. */
  private callBack(): void {
    for (const { args } of this.calls) {
      const callBack = callBackOf(args);
      if (callBack !== undefined) process.nextTick(callBack);
    }
  }

  private pretend(property: 'headersSent' | 'writableEnded'): void {
    Object.defineProperty(this.response, property, { value: true, configurable: true });
  }

  private reveal(): void {
    delete (this.response as { headersSent?: boolean }).headersSent;
    delete (this.response as { writableEnded?: boolean }).writableEnded;
  }
}

/** As Node's own. */
function headersSent(): Error {
  const error = new Error('Cannot write headers after they are sent to the client');
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}

/** The callback among the arguments of `write` and `end`. */
export function callBackOf(args: unknown[]): (() => void) | undefined {
  return args.find((arg): arg is () => void => typeof arg === 'function');
}
