import { listOfKeys, wrong, type AdopterOptions, type OldValues } from './adopter-options.js';
import { adopterOf, decodedCookie } from './adopter.js';
import { checkStore, storedUnder, type OldSessionStore } from './old-store.js';
import type { SessionAdopter } from '../options/session-adopter.js';
import { signedCookies, type CookieSecret } from './signed-cookie.js';
import { currentTime } from '../session.clock.js';

/** Options of `fromFastifySession`: what the old application gave @fastify/session. */
export interface FastifySessionAdopterOptions extends AdopterOptions {
  /** The old application's `cookieName`. Default `sessionId`, as there. */
  readonly name?: string;
  /** The secret, or the list of secrets, of the old application. */
  readonly secret: CookieSecret | readonly CookieSecret[];
  /** The store of the old application. */
  readonly store: OldSessionStore;
  /** The old application's `cookiePrefix`, such as `s:`. Default none, as there. */
  readonly cookiePrefix?: string;
}

/**
 * Opens the sessions of @fastify/session.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromFastifySession(options: FastifySessionAdopterOptions): SessionAdopter {
  const title = 'fromFastifySession';
  const library = '@fastify/session';
  const { name = 'sessionId', store, cookiePrefix = '' } = options;
  if (typeof cookiePrefix !== 'string') throw wrong(title, 'cookiePrefix has to be a string');
  const signed = signedCookies(title, listOfKeys(title, 'secret', options.secret));
  checkStore(title, store);
  return adopterOf(options, {
    title,
    library,
    name,
    prepare: signed.prepare,
    async open(text) {
      const id = signed.idIn(decodedCookie(text), cookiePrefix);
      return id === undefined ? undefined : storedUnder(library, store, id, isExpired);
    },
  });
}

/** Its stores may know no expiry: the library itself looks at the cookie's. */
function isExpired({ expires }: OldValues): boolean {
  if (expires === undefined || expires === null) return false;
  const until = new Date(expires as string | number).getTime();
  return Number.isNaN(until) || until <= currentTime();
}
