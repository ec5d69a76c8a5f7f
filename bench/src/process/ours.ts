import { SessionService } from 'nestjs-typed-session';
import { Keyring } from '../../build/seal/keyring.js';
import { SECRET, type Sealing } from './sealing.js';

const keyring = new Keyring([SECRET], 'session\0session');
/** The largest session here would fit, were it sealed without its id and its deadlines. */
const MAX_COOKIE_BYTES = 4200;
const service = new SessionService({
  secret: SECRET,
  name: 'session',
  maxCookieBytes: MAX_COOKIE_BYTES,
});

/** The seal alone, between text and token. */
export const ourSeal: Sealing<string> = {
  name: 'the seal',
  seal: (text) => keyring.seal(text),
  open(token) {
    const opened = keyring.open(token);
    return 'text' in opened ? opened.text : undefined;
  },
};

/** The seal around one JSON text: what the peers do, without what a session of ours adds. */
export const ourSealOfJson: Sealing<object> = {
  name: 'the seal around JSON',
  seal: (values) => keyring.seal(JSON.stringify(values)),
  open(token) {
    const opened = keyring.open(token);
    return 'text' in opened ? (JSON.parse(opened.text) as unknown) : undefined;
  },
};

/** A whole session: typed values by key, with an id and deadlines. */
export const ourSession: Sealing<object> = {
  name: 'a whole session',
  seal: (values) => service.seal(values as Record<string, unknown>),
  open: (token) => service.unseal(token),
};
