import { type ServerResponse, STATUS_CODES } from 'node:http';
import { isHttp1 } from './response-head.js';

/** What a client sees of an error that nobody turned into a page: no more than its status. */
export interface PlainError {
  readonly statusCode: number;
  readonly message: string;
}

/** The shape is that of Nest's own answer to an error that it does not know. */
export function plainErrorOf(error: unknown): PlainError {
  const statusCode = statusOf(error);
  return {
    statusCode,
    message:
      statusCode === 500 ? 'Internal server error' : (STATUS_CODES[statusCode] ?? 'Unknown error'),
  };
}

/** The status that an error brings, where it is the status of an error. */
function statusOf(error: unknown): number {
  try {
    const { statusCode } = error as { statusCode?: unknown };
    const isOfError = Number.isInteger(statusCode) && Number(statusCode) >= 400;
    return isOfError && Number(statusCode) < 600 ? Number(statusCode) : 500;
  } catch {
    // `null`, `undefined`, or a getter that throws.
    return 500;
  }
}

/** Headers that describe a body or a target which a plain error does not have. */
const OF_THE_BODY =
  /^(content-|etag$|last-modified$|location$|accept-ranges$|transfer-encoding$|trailer$)/;

/**
 * Makes a response whose headers have not left a plain error.
 *
 * @returns its body
 */
export function becomePlainError(response: ServerResponse, error: unknown): string {
  const plain = plainErrorOf(error);
  const body = JSON.stringify(plain);
  for (const name of response.getHeaderNames()) {
    if (OF_THE_BODY.test(name)) response.removeHeader(name);
  }
  response.statusCode = plain.statusCode;
  // Node warns of a reason phrase in HTTP/2.
  if (isHttp1(response)) response.statusMessage = STATUS_CODES[plain.statusCode] ?? plain.message;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('Cache-Control', 'no-store');
  return body;
}
