import { listOfKeys, wrong, type AdopterOptions } from './adopter-options.js';
import { adopterOf, valuesInJson } from './adopter.js';
import { defaultOf, loadPeer } from './peer.js';
import type { SessionAdopter } from '../options/session-adopter.js';

/** A Keygrip, for an application that signs with another algorithm than keygrip's own. */
export interface KeygripLike {
  verify(data: string, signature: string): boolean;
}

/** Options of `fromCookieSession`: what the old application gave cookie-session. */
export interface CookieSessionAdopterOptions extends AdopterOptions {
  /** Default `session`, as there. */
  readonly name?: string;
  /** The keys of the old application, the newest first, or its Keygrip. A `secret` is a list of one. */
  readonly keys: readonly string[] | KeygripLike;
}

/**
 * Opens the sessions of cookie-session. Unsigned ones (`signed: false`) are not opened: anybody can
 * write them.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromCookieSession(options: CookieSessionAdopterOptions): SessionAdopter {
  const title = 'fromCookieSession';
  const { name = 'session', keys } = options;
  const list = isKeygrip(keys) ? undefined : listOfKeys(title, 'keys', asList(title, keys));
  let keygrip: KeygripLike | undefined;
  return adopterOf(options, {
    title,
    library: 'cookie-session',
    name,
    otherNames: [`${name}.sig`],
    async prepare() {
      type Keygrip = (keys: readonly string[]) => KeygripLike;
      if (list === undefined) keygrip = keys as KeygripLike;
      else
        keygrip = defaultOf(await loadPeer<Keygrip & { default?: Keygrip }>('keygrip', title))(
          list,
        );
    },
    open(text, cookies) {
      const isSigned = cookies(`${name}.sig`).some((signature) =>
        keygrip!.verify(`${name}=${text}`, signature),
      );
      if (!isSigned) return undefined;
      const values = valuesInJson(Buffer.from(text, 'base64').toString());
      return values && { values, identity: text, isRepeatable: true };
    },
  });
}

function isKeygrip(keys: CookieSessionAdopterOptions['keys']): keys is KeygripLike {
  return typeof (keys as KeygripLike | undefined)?.verify === 'function';
}

function asList(title: string, keys: unknown): readonly string[] {
  if (!Array.isArray(keys)) throw wrong(title, 'keys has to be a list of keys, or a Keygrip');
  return keys as string[];
}
