/** A response of `fetch`. */
interface FetchResponse {
  readonly headers: { getSetCookie(): string[] };
}

/** A response of supertest or of `app.inject()`. */
interface NodeResponse {
  readonly headers: Record<string, unknown>;
  /** The request, as supertest has it. */
  readonly req?: { getHeader?(name: string): unknown };
  /** The request, as light-my-request has it. */
  readonly raw?: { readonly req?: { readonly headers?: Record<string, unknown> } };
}

/** A response of supertest, of `app.inject()` or of `fetch`. */
export type AnyTestResponse = FetchResponse | NodeResponse;

/** Under which a response knows the cookies that its request sent. One for both forms. */
const SENT_COOKIES: unique symbol = Symbol.for('nestjs-typed-session:sent-cookies');

/** Notes which cookies were sent for a response of `fetch`, which does not know its request. */
export function noteSentCookies<T extends object>(response: T, cookies: string): T {
  return Object.defineProperty(response, SENT_COOKIES, { value: cookies });
}

/** The lines of `Set-Cookie` in a response. */
export function setCookiesOf(response: AnyTestResponse): string[] {
  if (isFetched(response)) return response.headers.getSetCookie();
  const lines = (response.headers['set-cookie'] ?? []) as string | string[];
  return Array.isArray(lines) ? lines : [lines];
}

/** @returns the `Cookie` header of the request; `undefined` where the response does not know it */
export function sentCookiesOf(response: AnyTestResponse): string | undefined {
  const noted = (response as { [SENT_COOKIES]?: string })[SENT_COOKIES];
  if (noted !== undefined || isFetched(response)) return noted;
  const { req, raw } = response;
  if (req?.getHeader !== undefined) return textOf(req.getHeader('cookie'));
  return raw?.req === undefined ? undefined : textOf(raw.req.headers?.['cookie']);
}

function isFetched(response: AnyTestResponse): response is FetchResponse {
  return typeof response.headers['getSetCookie'] === 'function';
}

function textOf(header: unknown): string {
  return Array.isArray(header) ? header.join('; ') : ((header as string | undefined) ?? '');
}
