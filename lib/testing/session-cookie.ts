import type { INestApplicationContext } from '@nestjs/common';
import type { SessionBackendOf } from '../backends/open-session.js';
import { cookieValues } from '../http/cookie-header.js';
import { SessionError } from '../session.errors.js';
import type { Texts } from '../session/session-values.js';
import { textsOf } from '../session/texts-of.js';
import { valuesOf } from '../session/values-of.js';
import { backendsOf } from './application.js';
import { ownedRecord } from './owned-record.js';
import { type AnyTestResponse, sentCookiesOf, setCookiesOf } from './responses.js';

/** Options of `sessionCookie`. */
export interface SessionCookieOfOptions {
  /** Which session is meant: the name of its cookie. Default: the first session of the module. */
  name?: string;
  /**
   * Who has just signed in, as `regenerate({ owner })` says it. A registry, where there is one, knows the
   * session. Default: nobody.
   */
  owner?: string;
}

/** Options of `sessionOf`. */
export interface SessionOfOptions {
  /** Which session is meant: the name of its cookie. Default: the first session of the module. */
  name?: string;
  /**
   * The `Cookie` header that was sent. Only a response of plain `fetch` needs it: supertest, `inject()`
   * and `SessionAgent` know it.
   */
  cookie?: string;
}

/**
 * Begins a session with these values, as if a handler had stored them, wherever the application keeps it.
 *
 * @returns the `Cookie` header for supertest, `app.inject()` or `fetch`
 * @throws SessionError where the values cannot be kept; `SESSION_CONFIG` where `owner` is no owner;
 * `SESSION_UNAVAILABLE` where no session has that name, or the application has not booted
 *
 * @example
 * ```ts
 * const cookie = await sessionCookie(app, { user });
 * await request(app.getHttpServer()).get('/me').set('Cookie', cookie).expect(200);
 * ```
 */
export async function sessionCookie(
  app: INestApplicationContext,
  values: object,
  { name, owner }: SessionCookieOfOptions = {},
): Promise<string> {
  const backend = backendsOf(app, 'sessionCookie').named(name);
  const texts = textsOf(values as Record<string, unknown>, backend.options.rules);
  const token = await (owner === undefined
    ? backend.begin(texts)
    : beginOwned(backend, texts, owner));
  return `${backend.options.name}=${token}`;
}

/** Begins a session that an owner has signed in with, and tells the registry. */
async function beginOwned(backend: SessionBackendOf, texts: Texts, owner: string): Promise<string> {
  const record = ownedRecord(backend, texts, owner, 'sessionCookie');
  const token = await backend.keep(record);
  await backend.owned?.add(record.id, owner, backend.owned.entryOf(record, record.signIn.owner));
  return token;
}

/**
 * The values of the session after a response, as the next request of that client will find them.
 *
 * @param response of supertest, of `app.inject()` or of `fetch`
 * @returns `undefined` where the client has no session then
 * @throws SessionError `SESSION_UNAVAILABLE` where a response of plain `fetch` sets no cookie, and no
 * `cookie` was given; `SESSION_STORE`; `SESSION_INVALID` where a value's type says `onInvalid: 'throw'`
 *
 * @example
 * ```ts
 * const response = await request(app.getHttpServer()).post('/cart').expect(201);
 * expect(await sessionOf(app, response)).toEqual({ cart: ['book'] });
 * ```
 */
export async function sessionOf<T extends object = Record<string, unknown>>(
  app: INestApplicationContext,
  response: AnyTestResponse,
  { name, cookie }: SessionOfOptions = {},
): Promise<T | undefined> {
  const backend = backendsOf(app, 'sessionOf').named(name);
  const { rules, name: cookieName } = backend.options;
  for (const token of tokensAfter(response, cookieName, cookie)) {
    const record = await backend.openKnown(token);
    if (typeof record !== 'string') return valuesOf(record.texts, rules) as T;
  }
  return undefined;
}

/** The cookies of a name that the client has after a response. */
function tokensAfter(response: AnyTestResponse, name: string, sent: string | undefined): string[] {
  const lines = setCookiesOf(response).filter((line) => line.startsWith(`${name}=`));
  // One line sets or deletes the cookie itself, and the last one counts; the others delete its twins.
  const last = lines.at(-1);
  if (last !== undefined) {
    const [token] = cookieValues(last, name);
    return token === undefined || token === '' ? [] : [token];
  }
  const cookies = sent ?? sentCookiesOf(response);
  if (cookies !== undefined) return cookieValues(cookies, name);
  throw new SessionError(
    'SESSION_UNAVAILABLE',
    `This response sets no cookie '${name}', and a response of fetch does not know its request: say which cookie it sent, sessionOf(app, response, { cookie }), or send it by a SessionAgent.`,
  );
}
