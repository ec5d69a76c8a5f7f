import Keygrip from 'keygrip';
import { SECRET, type Sealing } from '../sealing.js';

const KEYS = new Keygrip([SECRET]);
/** Its signature lies in a second cookie; here the two are one text. */
const SEPARATOR = '; session.sig=';

/** As cookie-session and the package `cookies` below it do it. Signs and does not encrypt. */
export const cookieSession: Sealing<object> = {
  name: 'cookie-session (signs only)',
  seal(values) {
    const body = Buffer.from(JSON.stringify(values)).toString('base64');
    return `${body}${SEPARATOR}${KEYS.sign(`session=${body}`)}`;
  },
  open(token) {
    const [body, signature] = token.split(SEPARATOR) as [string, string];
    if (KEYS.index(`session=${body}`, signature) !== 0) return undefined;
    return JSON.parse(Buffer.from(body, 'base64').toString()) as unknown;
  },
};
