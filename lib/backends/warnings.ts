import { Logger } from '@nestjs/common';

const TRUST_THE_PROXY =
  "Behind a proxy that ends TLS, tell the adapter to trust it: app.set('trust proxy', 1) on Express, new FastifyAdapter({ trustProxy: true }) on Fastify.";

/** What the log is told once of the sessions of a name, however often it happens. */
export class Warnings {
  private readonly logger = new Logger('Session');
  private readonly told = new Set<string>();

  /** @param name of the session's cookie */
  constructor(private readonly name: string) {}

  /** A secure cookie was not sent. */
  plainConnection(): void {
    this.once(
      'plain connection',
      `Session '${this.name}' has cookie.secure: true, and a request came over a plain connection: no cookie was sent. ${TRUST_THE_PROXY} To serve plain HTTP too, leave cookie.secure at 'auto'.`,
    );
  }

  /** @param option of the cookie, which holds over TLS only */
  untrustedProxy(option: string): void {
    this.once(
      'untrusted proxy',
      `Session '${this.name}' has ${option}, and a request with X-Forwarded-Proto: https came through a proxy that the adapter does not trust: the cookie went out without Secure, and so without ${option}. ${TRUST_THE_PROXY}`,
    );
  }

  /** Several cookies of a request open. */
  severalCookies(): void {
    this.once(
      'several cookies',
      `A request brought several cookies named '${this.name}' that open: the newest counts. Browsers keep one for each domain and path, so this happens after a change of cookie.domain or cookie.path. Each sign-out (destroy) and each new id (regenerate) deletes the others.`,
    );
  }

  /**
   * @param ahead how far the date of a session lies ahead of the clock, in milliseconds
   * @param tolerated how far it may
   */
  clock(ahead: number, tolerated: number): void {
    this.once(
      'clock',
      `A session '${this.name}' was not accepted: it is dated ${Math.ceil(ahead / 1000)} s ahead of this server's clock, and ${tolerated / 1000} s are tolerated. The next write of its visitor replaces it. Let all servers keep the same time (NTP).`,
    );
  }

  /** The store cannot compare and write in one step. */
  races(): void {
    this.once(
      'races',
      `The store of session '${this.name}' cannot compare and write in one step: two processes that write to one session at the same moment can lose a change, and a signed-out session stays signed out only against writes that reach the store in time (tombstoneTime of KeyvSessionStore and ExpressSessionStore). RedisSessionStore can.`,
    );
  }

  private once(what: string, text: string): void {
    if (this.told.has(what)) return;
    this.told.add(what);
    this.logger.warn(text);
  }
}
