import {
  type ResolvedCookie,
  resolveCookie,
  type SessionCookieOptions,
} from '../options/session.options.js';

/** The cookie options of one session, where they depart from those of the module. */
export class SessionCookie {
  /** What the application was handed, and may have written to. */
  private live: SessionCookieOptions | undefined;

  constructor(
    private readonly defaults: Readonly<ResolvedCookie>,
    /** As they are stored. */
    readonly own?: SessionCookieOptions,
  ) {}

  get isHandedOut(): boolean {
    return this.live !== undefined;
  }

  /** All options, to be read and written to. */
  all(): SessionCookieOptions {
    return (this.live ??= { ...this.defaults, ...this.own });
  }

  /**
   * The options as they are to be stored; `undefined` where all are the module's.
   *
   * @throws SessionError `SESSION_CONFIG` where the application wrote what is not allowed
   */
  departures(): SessionCookieOptions | undefined {
    if (this.live === undefined) return this.own;
    const given = Object.entries(this.live).filter(([, value]) => value != null);
    const resolved = resolveCookie({ ...this.defaults, ...Object.fromEntries(given) });
    const own = Object.entries(resolved).filter(
      ([option, value]) => value !== this.defaults[option as keyof ResolvedCookie],
    );
    return own.length === 0 ? undefined : (Object.fromEntries(own) as SessionCookieOptions);
  }
}
