import type { Sealing } from '../sealing.js';

/** The floor: no secret at all. */
export const jsonBase64url: Sealing<object> = {
  name: 'JSON and base64url alone',
  seal: (values) => Buffer.from(JSON.stringify(values)).toString('base64url'),
  open: (token) => JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown,
};
