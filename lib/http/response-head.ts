import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';

/** What a header of a status line cannot hold (RFC 9112, section 4). */
const INVALID_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** The lowest and the highest status that Node sends. */
const STATUSES = { http1: [100, 999], http2: [200, 599] } as const;

/** A response of Node's own, sent nowhere: it tells how this version of Node does. */
const SENT = sentResponse();

/** Whether `writeHead` keeps both values of a name that repeats, where a header was set before. */
const NODE_KEEPS_REPEATED_NAMES = Array.isArray(SENT.getHeader('x-two'));

type HeaderValue = string | number | readonly string[];

/**
 * Puts the arguments of `writeHead` onto the response, in each form that Node takes: an object, a
 * flat list or a list of pairs, as the second argument or as the third.
 *
 * @returns whether Node sends this head. Where not, Node's own `writeHead` throws.
 * @throws TypeError as Node does, where a header is invalid
 */
export function takeHead(
  response: ServerResponse,
  status: unknown,
  reason?: unknown,
  headers?: unknown,
): boolean {
  const code = (status as number) | 0;
  const [lowest, highest] = isHttp1(response) ? STATUSES.http1 : STATUSES.http2;
  if (code < lowest || code > highest) return false;
  const hasReason = typeof reason === 'string';
  if (isHttp1(response)) {
    if (hasReason) response.statusMessage = reason;
    else response.statusMessage ||= STATUS_CODES[code] ?? 'unknown';
  }
  response.statusCode = code;
  // Node looks at the reason first where it has set no header before, and at the headers otherwise.
  const isReasonValid = !isHttp1(response) || !INVALID_REASON.test(response.statusMessage);
  const given = hasReason ? headers : (headers ?? reason);
  if (given === undefined || given === null) return isReasonValid;
  const isFirst = response.getHeaderNames().length === 0;
  if (isFirst && !isReasonValid) return false;
  if (isFlatList(given) && given.length % 2 !== 0) return false;
  setHeaders(response, given, isFirst);
  return isReasonValid;
}

/**
 * Whether Node sends this chunk. Where not, its own `write` and `end` throw.
 *
 * @throws TypeError as Node does later, where the encoding is unknown or, in HTTP/2, the chunk is none
 */
export function isChunk(response: ServerResponse, chunk: unknown, encoding: unknown): boolean {
  if (typeof chunk === 'string') {
    if (typeof encoding === 'string' && encoding !== '' && !Buffer.isEncoding(encoding)) {
      Buffer.from(chunk, encoding as BufferEncoding);
    }
    return true;
  }
  if (chunk instanceof Uint8Array) return true;
  if (!isHttp1(response)) SENT.write(chunk);
  return false;
}

/** HTTP/2 has no reason phrase, and its responses keep their state elsewhere. */
export function isHttp1(response: ServerResponse): boolean {
  return response.req.httpVersionMajor !== 2;
}

function isFlatList(headers: unknown): headers is unknown[] {
  return Array.isArray(headers) && !Array.isArray(headers[0]);
}

/** Node itself takes no header of a head that it refuses, where none was set before. */
function setHeaders(response: ServerResponse, headers: object, isFirst: boolean): void {
  if (!isFirst) return setEach(response, headers, false);
  try {
    setEach(response, headers, true);
  } catch (error) {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    throw error;
  }
}

function setEach(response: ServerResponse, headers: object, isFirst: boolean): void {
  // Node sets no header without a name, and refuses it where no other was set before.
  const isSet = (name: string) => isFirst || name !== '';
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      // Where none was set before, Node sends `X-One` and `x-one` both.
      const isSecond = isFirst && isHttp1(response) && response.hasHeader(name);
      if (isSecond) response.appendHeader(name, value as string);
      else if (isSet(name)) response.setHeader(name, value as HeaderValue);
    }
    return;
  }
  const isFlat = isFlatList(headers);
  const keepsLast = isFlat && !isFirst && isHttp1(response) && !NODE_KEEPS_REPEATED_NAMES;
  if (isFlat && !isFirst && isHttp1(response) && NODE_KEEPS_REPEATED_NAMES) {
    // Node removes them all before it looks at the first.
    for (const [name] of pairsOf(headers)) response.removeHeader(name);
  }
  const seen = new Set<string>();
  for (const [name, value] of isFlat ? pairsOf(headers) : (headers as [string, HeaderValue][])) {
    if (!isSet(name)) continue;
    const key = name.toLowerCase();
    if (seen.has(key) && !keepsLast) {
      response.appendHeader(name, value as string);
    } else {
      seen.add(key);
      // `appendHeader` adds to the list that it finds, which is the application's.
      response.setHeader(name, Array.isArray(value) ? [...(value as string[])] : value);
    }
  }
}

function pairsOf(list: unknown[]): [string, HeaderValue][] {
  const pairs: [string, HeaderValue][] = [];
  for (let i = 0; i < list.length; i += 2) {
    pairs.push([list[i] as string, list[i + 1] as HeaderValue]);
  }
  return pairs;
}

function sentResponse(): ServerResponse {
  const request = { method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1, headers: {} };
  const response = new ServerResponse(request as IncomingMessage);
  response.setHeader('x-one', '1');
  return response.writeHead(200, ['x-two', '1', 'x-two', '2']);
}
