import type { INestApplication } from '@nestjs/common';
import { currentTime } from '../session.clock.js';
import { SessionError } from '../session.errors.js';
import { noteSentCookies } from './responses.js';
import { toughCookie } from './tough-cookie.cjs';

type ToughCookie = Extract<ReturnType<typeof toughCookie>, { exports: unknown }>['exports'];
type Jar = InstanceType<ToughCookie['CookieJar']>;

/** As many redirects as `fetch` follows (Fetch standard, "HTTP-redirect fetch"). */
const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** What says something of a body (Fetch standard, "request-body-header name"). */
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type'];

/**
 * A client with a cookie jar, as a browser has one: it keeps to RFC 6265 (by the package tough-cookie),
 * and each agent is a visitor of its own. Requests go out by `fetch`. Cookies expire by `sessionClock`.
 *
 * @example
 * ```ts
 * const agent = new SessionAgent(app);
 * await agent.post('/sign-in', { name: 'ada' });
 * const response = await agent.get('/me');
 * ```
 */
export class SessionAgent {
  readonly #app: INestApplication | string;
  readonly #tough: ToughCookie;
  #jar: Jar;
  #url: Promise<string> | undefined;

  /**
   * @param app that answers; where it does not listen yet, it is made to, on a free port of 127.0.0.1. Or
   * the address of a server, such as `http://127.0.0.1:3000`
   * @throws SessionError `SESSION_CONFIG` where tough-cookie is not installed
   */
  constructor(app: INestApplication | string) {
    this.#app = app;
    this.#tough = loadToughCookie();
    this.#jar = this.#newJar();
  }

  /** `fetch` with the cookies of this agent. @param path or a whole address */
  async fetch(path: string | URL, init: RequestInit = {}): Promise<Response> {
    this.#url ??= addressOf(this.#app);
    let url = new URL(path, await this.#url);
    let request = { ...init, headers: new Headers(init.headers) };
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(url, request);
      const location = response.headers.get('location');
      const isRedirect = REDIRECTS.has(response.status) && location !== null;
      if (!isRedirect || init.redirect === 'manual') return response;
      if (init.redirect === 'error' || redirects === MAX_REDIRECTS) {
        throw new TypeError(`fetch failed: ${url.href} answered with a redirect`);
      }
      await response.body?.cancel();
      const next = new URL(location, url);
      request = redirected(request, response.status, next.origin !== url.origin);
      url = next;
    }
  }

  /** Sends a GET. */
  get(path: string, init?: RequestInit): Promise<Response> {
    return this.fetch(path, { ...init, method: 'GET' });
  }

  /** Sends a POST. @param body sent as JSON; text, a form or bytes are sent as they are */
  post(path: string, body?: unknown, init?: RequestInit): Promise<Response> {
    const headers = new Headers(init?.headers);
    const isJson = body !== undefined && !isBody(body);
    if (isJson && !headers.has('content-type')) headers.set('content-type', 'application/json');
    const sent = isJson ? JSON.stringify(body) : (body as RequestInit['body']);
    return this.fetch(path, { ...init, method: 'POST', headers, body: sent });
  }

  /** The `Cookie` header that a request to a path sends now; empty where it sends none. */
  async cookies(path = '/'): Promise<string> {
    this.#url ??= addressOf(this.#app);
    return this.#cookiesFor(new URL(path, await this.#url));
  }

  /**
   * Takes cookies, as if the server had set them.
   *
   * @param cookies of a `Cookie` header (what `sessionCookie` gives), or a line of `Set-Cookie`
   */
  async accept(cookies: string): Promise<void> {
    this.#url ??= addressOf(this.#app);
    const url = new URL(await this.#url);
    const isLine = /;\s*(path|domain|max-age|expires|secure|httponly|samesite)\b/i.test(cookies);
    for (const line of isLine ? [cookies] : cookies.split(';')) {
      await this.#keep(isLine ? line : `${line.trim()}; Path=/`, url);
    }
  }

  /** Forgets all cookies: a new visitor. */
  forget(): void {
    this.#jar = this.#newJar();
  }

  #newJar(): Jar {
    return new this.#tough.CookieJar(undefined, { prefixSecurity: 'silent' });
  }

  async #send(url: URL, init: RequestInit & { headers: Headers }): Promise<Response> {
    const headers = new Headers(init.headers);
    const own = headers.get('cookie');
    const cookies = [await this.#cookiesFor(url), own].filter(Boolean).join('; ');
    if (cookies !== '') headers.set('cookie', cookies);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) await this.#keep(line, url);
    return noteSentCookies(response, cookies);
  }

  async #cookiesFor(url: URL): Promise<string> {
    const now = currentTime();
    const cookies = await this.#jar.getCookies(url.href, { expire: false });
    return cookies
      .filter((cookie) => (cookie.expiryTime() ?? Infinity) > now)
      .map((cookie) => cookie.cookieString())
      .join('; ');
  }

  /** A jar goes by the time of the system, and counts `Max-Age` from the last use: `Expires` is neither. */
  async #keep(line: string, url: URL): Promise<void> {
    const cookie = this.#tough.Cookie.parse(line);
    if (cookie === undefined) return;
    if (typeof cookie.maxAge === 'number') {
      const left = Math.max(0, cookie.maxAge) * 1000;
      cookie.expires = new Date(left === 0 ? 0 : currentTime() + left);
      cookie.maxAge = null;
    }
    // A browser drops a cookie that it refuses, and tells nobody.
    await this.#jar.setCookie(cookie, url.href, { ignoreError: true });
  }
}

function loadToughCookie(): ToughCookie {
  const loaded = toughCookie();
  if ('exports' in loaded) return loaded.exports;
  throw new SessionError(
    'SESSION_CONFIG',
    'SessionAgent needs tough-cookie: npm install --save-dev tough-cookie.',
    { cause: loaded.cause },
  );
}

async function addressOf(app: INestApplication | string): Promise<string> {
  if (typeof app === 'string') return app;
  const { listening } = app.getHttpServer() as { listening: boolean };
  if (!listening) await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

function isBody(body: unknown): boolean {
  return (
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ReadableStream ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

/** The request that follows a redirect (Fetch standard, "HTTP-redirect fetch", steps 12 to 14). */
function redirected(
  request: RequestInit & { headers: Headers },
  status: number,
  leavesOrigin: boolean,
): RequestInit & { headers: Headers } {
  const headers = new Headers(request.headers);
  if (leavesOrigin) for (const name of ['authorization', 'cookie']) headers.delete(name);
  const method = (request.method ?? 'GET').toUpperCase();
  const isSeeOther = status === 303 && method !== 'GET' && method !== 'HEAD';
  const isPost = (status === 301 || status === 302) && method === 'POST';
  if (!isSeeOther && !isPost) return { ...request, headers };
  for (const name of BODY_HEADERS) headers.delete(name);
  return { ...request, headers, method: 'GET', body: undefined };
}
