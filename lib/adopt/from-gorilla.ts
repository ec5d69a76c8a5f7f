import { wrong, type AdopterOptions } from './adopter-options.js';
import { adopterOf, cannotAdopt } from './adopter.js';
import { sessionValues } from './gorilla/decoded-values.js';
import { decodeGob } from './gorilla/gob-decoder.js';
import { GobFault } from './gorilla/gob-reader.js';
import { registeredNames, type GorillaTypes } from './gorilla/gorilla-types.js';
import { keyPairs, openCookie, type GorillaKeys } from './gorilla/secure-cookie.js';
import type { SessionAdopter } from '../options/session-adopter.js';

/** Options of `fromGorilla`: what the application in Go gave gorilla/sessions. */
export interface GorillaAdopterOptions extends AdopterOptions, GorillaKeys {
  /** The name of the session, and of its cookie. */
  readonly name: string;
  /** How old a cookie may be, in seconds; 0 for any age. Default 30 days, as there. */
  readonly maxAge?: number;
  /**
   * Classes for structs that are not registered here under the name that they have in Go. The same
   * object may be given to `toGorilla`.
   */
  readonly types?: GorillaTypes;
}

/** The `MaxAge` of gorilla's cookie store. */
const DEFAULT_MAX_AGE_SECONDS = 30 * 24 * 60 * 60;

/**
 * Opens the sessions of gorilla/sessions in Go, from its cookie store: those of Leapkit too.
 *
 * A struct becomes an instance of the class that is registered under its name
 * (`@SessionType('main.User')`), any other an object. Flashes are flashes.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromGorilla(options: GorillaAdopterOptions): SessionAdopter {
  const title = 'fromGorilla';
  const library = 'gorilla/sessions';
  const { name, maxAge = DEFAULT_MAX_AGE_SECONDS, types = {} } = options;
  if (!Number.isFinite(maxAge) || maxAge < 0) throw wrong(title, 'maxAge has to be seconds, or 0');
  const pairs = keyPairs(title, options);
  const classes = registeredNames(title, types);
  return adopterOf(options, {
    title,
    library,
    name,
    open(text, _cookies, rules) {
      const cookie = openCookie(name, text, pairs, maxAge);
      if (cookie === undefined) return undefined;
      try {
        const decoded = decodeGob(cookie.payload);
        const values = sessionValues(decoded, (struct) => classes.get(struct), rules);
        return { values, identity: cookie.identity };
      } catch (error) {
        if (!(error instanceof GobFault)) throw error;
        throw cannotAdopt(`The session ${name} of ${library} ${error.message}.`, error);
      }
    },
  });
}
