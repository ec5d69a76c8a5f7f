import { toSeconds } from '../options/duration.js';
import type { SessionCookieOptions } from '../options/session.options.js';
import { currentTime } from '../session.clock.js';

/**
 * `req.session.cookie` as express-session has it, in milliseconds, over a session's own cookie
 * options, which are in seconds.
 */
export class ExpressCookie {
  readonly #options: () => SessionCookieOptions;

  /** @param options of the session, to be read and written to */
  constructor(options: () => SessionCookieOptions) {
    this.#options = options;
  }

  /** How long the browser keeps the cookie; `null` where it ends with the browser. */
  get maxAge(): number | null {
    const seconds = toSeconds('cookie.maxAge', this.#options().maxAge ?? 0);
    return seconds === 0 ? null : seconds * 1000;
  }

  /** As in express-session, a time that is over deletes the cookie. */
  set maxAge(milliseconds: number | null | undefined) {
    const seconds = Math.ceil((milliseconds ?? 0) / 1000);
    this.#options().maxAge = milliseconds == null ? 0 : seconds > 0 ? seconds : -1;
  }

  get originalMaxAge(): number | null {
    return this.maxAge;
  }

  set originalMaxAge(milliseconds: number | null) {
    this.maxAge = milliseconds;
  }

  get expires(): Date | null {
    const { maxAge } = this;
    return maxAge === null ? null : new Date(currentTime() + maxAge);
  }

  set expires(date: Date | false | null) {
    this.maxAge = date instanceof Date ? date.getTime() - currentTime() : null;
  }

  get path(): string | undefined {
    return this.#options().path;
  }

  set path(path: string | undefined) {
    this.#options().path = path;
  }

  get domain(): string | undefined {
    return this.#options().domain;
  }

  set domain(domain: string | undefined) {
    this.#options().domain = domain;
  }

  get httpOnly(): boolean | undefined {
    return this.#options().httpOnly;
  }

  set httpOnly(httpOnly: boolean | undefined) {
    this.#options().httpOnly = httpOnly;
  }

  get secure(): SessionCookieOptions['secure'] {
    return this.#options().secure;
  }

  set secure(secure: SessionCookieOptions['secure']) {
    this.#options().secure = secure;
  }

  get sameSite(): SessionCookieOptions['sameSite'] {
    return this.#options().sameSite;
  }

  /** express-session takes `true` for `strict` and `false` for none. */
  set sameSite(sameSite: SessionCookieOptions['sameSite'] | boolean) {
    this.#options().sameSite =
      sameSite === true ? 'strict' : sameSite === false ? undefined : sameSite;
  }

  /** As express-session shows it, in what is made of a session by `JSON.stringify`. */
  toJSON(): object {
    const { originalMaxAge, expires, path, domain, httpOnly, secure, sameSite } = this;
    return { originalMaxAge, expires, path, domain, httpOnly, secure, sameSite };
  }
}
