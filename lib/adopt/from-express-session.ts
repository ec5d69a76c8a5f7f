import { listOfKeys, type AdopterOptions } from './adopter-options.js';
import { adopterOf, decodedCookie } from './adopter.js';
import { checkStore, storedUnder, type OldSessionStore } from './old-store.js';
import type { SessionAdopter } from '../options/session-adopter.js';
import { signedCookies, type CookieSecret } from './signed-cookie.js';

/** Options of `fromExpressSession`: what the old application gave express-session. */
export interface ExpressSessionAdopterOptions extends AdopterOptions {
  /** Default `connect.sid`, as there. */
  readonly name?: string;
  /** The secret, or the list of secrets, of the old application. */
  readonly secret: CookieSecret | readonly CookieSecret[];
  /** The store of the old application. It decides what has expired, as there. */
  readonly store: OldSessionStore;
}

/**
 * Opens the sessions of express-session, in whichever of its stores they lie.
 *
 * @example
 * SessionModule.forRoot({
 *   secret, adopt: fromExpressSession({ secret: 'old', store: new RedisStore({ client }) }),
 * })
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromExpressSession(options: ExpressSessionAdopterOptions): SessionAdopter {
  const title = 'fromExpressSession';
  const library = 'express-session';
  const { name = 'connect.sid', store } = options;
  const signed = signedCookies(title, listOfKeys(title, 'secret', options.secret));
  checkStore(title, store);
  return adopterOf(options, {
    title,
    library,
    name,
    prepare: signed.prepare,
    async open(text) {
      const id = signed.idIn(decodedCookie(text), 's:');
      return id === undefined ? undefined : storedUnder(library, store, id);
    },
  });
}
