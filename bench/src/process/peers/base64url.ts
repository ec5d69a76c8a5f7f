import type { Sealing } from '../sealing.js';

/** The floor: no secret at all. */
export const base64url: Sealing<string> = {
  name: 'base64url alone',
  seal: (text) => Buffer.from(text).toString('base64url'),
  open: (token) => Buffer.from(token, 'base64url').toString(),
};
