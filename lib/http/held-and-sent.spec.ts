/* oxlint-disable no-underscore-dangle -- Node's name, which libraries read */
import fc from 'fast-check';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { hookOf } from './response-hook.js';

/** What an application may call of a response, and with what. */
type Call = readonly [method: string, ...args: unknown[]];

interface Sequence {
  readonly calls: readonly Call[];
  /** Whether a header is set before: Node then keeps those of `writeHead` where the application sees them. */
  readonly isSeeded: boolean;
  /** After which call the response is let go, if it is held. */
  readonly letGoAfter: number;
}

const text = fc.constantFrom('a', 'body', 'é', '');
const body = fc.oneof(
  text,
  fc.constantFrom(Buffer.from('bytes'), 'x'.repeat(100_000), {}, 5, null, undefined),
);
const name = fc.constantFrom('x-one', 'X-One', 'x-two', 'Set-Cookie', 'no name', '');
const value = fc.oneof(fc.constantFrom('1', 2, 'no\nvalue', undefined), fc.array(text));
const statuses = fc.constantFrom(200, 201, 204, 304, 404, 500, 99, 1000, '202');
const named = fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true });
const flat = fc
  .array(fc.tuple(name, fc.constantFrom('1', '2', '3')), { maxLength: 4 })
  .map((pairs) => pairs.flat());
const odd = fc.constant(['x-one', '1', 'x-two']);
const pairs = fc.array(fc.tuple(name, fc.constantFrom('1', '2')), { maxLength: 3 });
const reason = fc.constantFrom(undefined, null, 'Fine', '');
const wrongReason = fc.tuple(fc.constant('writeHead'), statuses, fc.constant('no\nreason'));

const setting = [
  wrongReason,
  fc.tuple(fc.constant('setHeader'), name, value),
  fc.tuple(fc.constant('appendHeader'), name, value),
  fc.tuple(fc.constant('removeHeader'), name),
  fc.tuple(fc.constant('setHeaders'), fc.constant(new Map([['x-map', '1']]))),
];

const callsWith = (headers: fc.Arbitrary<unknown>, others: fc.Arbitrary<unknown>[]) =>
  fc.array(
    fc.oneof(
      ...others,
      fc.tuple(fc.constant('writeHead'), statuses),
      fc.tuple(fc.constant('writeHead'), statuses, headers),
      fc.tuple(fc.constant('writeHead'), statuses, reason, fc.option(headers)),
      fc.tuple(fc.constant('statusCode'), statuses),
      fc.tuple(fc.constant('statusMessage'), fc.constantFrom('Mine', '')),
      fc.tuple(fc.constant('flushHeaders')),
      fc.tuple(fc.constant('write'), body),
      fc.tuple(fc.constant('write'), text, fc.constantFrom('latin1', 'utf16le', 'utf8')),
      fc.tuple(fc.constant('addTrailers'), fc.constant({ 'x-trailer': '1' })),
      fc.tuple(fc.constant('end')),
      fc.tuple(fc.constant('end'), body),
    ) as fc.Arbitrary<Call>,
    { minLength: 1, maxLength: 8 },
  );

const sequences = fc.oneof(
  fc.record({
    calls: callsWith(fc.oneof(named, flat, odd), setting),
    isSeeded: fc.constant(true),
    letGoAfter: fc.nat(8),
  }),
  fc.record({
    // Node 20 refuses a list of pairs beside headers that were set before.
    calls: callsWith(fc.oneof(named, flat, pairs), []),
    isSeeded: fc.constant(false),
    letGoAfter: fc.nat(8),
  }),
);

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

/** Calls a response as an application would. @returns what the application sees */
async function applied(
  response: ServerResponse,
  sequence: Sequence,
  isHeld: boolean,
  letGo: () => void,
) {
  const seen: unknown[] = [];
  const told: string[] = [];
  const handedOver: unknown[] = [];
  response.on('error', (error) => told.push(`error: ${codeOf(error)}`));
  response.sendDate = false;
  if (sequence.isSeeded) response.setHeader('x-seed', '1');
  const apply = ([method, ...args]: Call, i: number) => {
    // Node adds to the lists that it is given.
    const given = args.map((arg) =>
      Buffer.isBuffer(arg) ? Buffer.from(arg) : structuredClone(arg),
    );
    handedOver.push(...given);
    const callback = (error?: Error) => told.push(`${i}: ${error ? codeOf(error) : 'done'}`);
    const isCalledBack = method === 'write' || method === 'end';
    const target = response as unknown as Record<string, unknown>;
    let outcome: unknown;
    try {
      if (method.startsWith('status')) target[method] = args[0];
      else {
        const call = target[method] as (...all: unknown[]) => unknown;
        outcome = call.apply(response, isCalledBack ? [...given, callback] : given);
      }
    } catch (error) {
      outcome = codeOf(error);
    }
    seen.push({
      method,
      outcome: outcome === response ? 'the response' : outcome,
      headersSent: response.headersSent,
      hasHeader: Boolean((response as unknown as { _header: unknown })._header),
      finished: target.finished,
      writableEnded: response.writableEnded,
      writableNeedDrain: response.writableNeedDrain,
      statusCode: response.statusCode,
      statusMessage: response.statusMessage,
      headers: sequence.isSeeded && { ...response.getHeaders() },
    });
  };
  const settle = () => {
    // The application may use its buffers again, as long as Node has not been given them.
    if (isHeld) for (const one of handedOver) if (Buffer.isBuffer(one)) one.fill('!');
    isHeld = false;
    letGo();
    if (!response.writableEnded || response.closed) return turn();
    return new Promise<void>((resolve) => response.once('close', resolve));
  };
  for (const [i, call] of sequence.calls.entries()) {
    apply(call, i);
    if (i === sequence.letGoAfter) await settle();
  }
  await turn();
  await settle();
  apply(['end', 'last'], sequence.calls.length);
  if (!response.writableEnded) response.destroy();
  await settle();
  return { seen, told: told.sort() };
}

/** What a client of Node's own server receives, byte by byte, but for the order of different headers. */
async function received(handler: RequestListener): Promise<string[]> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [head, ...bodies] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
    const [statusLine, ...headers] = head.split('\r\n');
    const nameOf = (line: string) => line.split(':')[0].toLowerCase();
    const sorted = headers
      .map((line) => `${nameOf(line)}${line.slice(line.indexOf(':'))}`)
      .map((line, i) => [nameOf(line), i, line] as const)
      .sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1))
      .map(([, , line]) => line);
    return [statusLine, ...sorted, '', ...bodies];
  } finally {
    server.close();
  }
}

async function outcomeOf(sequence: Sequence, isHeld: boolean) {
  let applying: ReturnType<typeof applied>;
  const bytes = await received((request, response) => {
    let letGo = () => {};
    if (isHeld) {
      let isAsked = false;
      const waiting = new Promise<void>((resolve) => (letGo = resolve));
      hookOf(request).listeners.push({
        beforeWriting: () => (isAsked ? undefined : ((isAsked = true), waiting)),
        beforeHeaders: () => {},
        failed: () => {},
        endedLate: () => {},
      });
      hookOf(request).attach(response);
    }
    applying = applied(response, sequence, isHeld, letGo);
  });
  return { ...(await applying!), bytes };
}

/** A sequence that hangs is told by name. */
async function inTime<T>(outcome: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('It hangs.')), 10_000);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}

/** Who is refused the same head twice, as Fastify's own retry is, is answered with a plain error. */
function isRefusedTwice(seen: readonly unknown[]): boolean {
  const refusals = (seen as { headersSent: boolean; outcome: unknown }[])
    .filter(({ headersSent, outcome }) => !headersSent && String(outcome).startsWith('ERR_'))
    .map(({ outcome }) => outcome);
  return new Set(refusals).size < refusals.length;
}

/** Node refuses a 204 or a 304, and drops the body of the answer that comes in its place. */
function losesBody({ calls }: Sequence, seen: readonly unknown[]): boolean {
  return calls.some(([, status], i) => {
    const { headersSent, outcome } = seen[i] as { headersSent: boolean; outcome: unknown };
    return !headersSent && typeof outcome === 'string' && [204, 304].includes(Number(status));
  });
}

describe('a held response, and one that Node sends at once', () => {
  it('are the same to the application and to the client, whatever is called', async () => {
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const sent = await inTime(outcomeOf(sequence, false));
        fc.pre(!losesBody(sequence, sent.seen));
        fc.pre(!isRefusedTwice(sent.seen));
        expect(await inTime(outcomeOf(sequence, true))).toEqual(sent);
      }),
      {
        numRuns: 400,
        examples: [
          // Node keeps what was written where a wrong chunk to `end` has corked the socket.
          [
            {
              calls: [
                ['writeHead', 200],
                ['write', Buffer.from('bytes')],
                ['end', 5],
              ],
              isSeeded: false,
              letGoAfter: 0,
            },
          ],
        ],
      },
    );
  });
});
