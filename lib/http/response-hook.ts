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
export function hookResponse(response: ServerResponse, listener: ResponseListener): void {
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  /** Between `write` or `end` and the `writeHead` that they call: the listener was just asked. */
  let isAsked = false;
  let hasFailed = false;

  const ask = (): void => {
    if (isAsked || hasFailed) return;
    try {
      listener.beforeHeaders(response);
    } catch (error) {
      hasFailed = true;
      becomePlainError(response);
      listener.failed(error);
    }
  };
  const askThen = <T>(send: () => T): T => {
    ask();
    isAsked = true;
    try {
      return send();
    } finally {
      isAsked = false;
    }
  };

  onHeaders(response, ask);

  response.write = (...args: unknown[]) => {
    // In HTTP/2 `end` writes its chunk by `write`.
    if (isAsked || (response.headersSent && !hasFailed)) return write(...args);
    return askThen(() => (hasFailed ? dropped(args) : write(...args)));
  };

  response.end = (...args: unknown[]) => {
    if (response.writableEnded) return end(...args);
    if (response.headersSent && !hasFailed) {
      listener.endedLate();
      return end(...args);
    }
    return askThen(() => (hasFailed && dropped(args) ? end(PLAIN_ERROR, 'utf8') : end(...args)));
  };
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
