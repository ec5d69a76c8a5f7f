import { sign, unsign } from 'cookie-signature';
import { SECRET, type Sealing } from '../sealing.js';
import { base64url } from './base64url.js';

/** Signs and does not encrypt. The text goes as base64url, for a cookie takes no JSON. */
export const cookieSignature: Sealing<string> = {
  name: 'cookie-signature (signs only)',
  seal: (text) => sign(base64url.seal(text) as string, SECRET),
  open: (token) => base64url.open(unsign(token, SECRET) as string),
};
