import { HIDDEN, refuse } from './option-checks.js';
import { MIN_SECRET_BYTES } from '../seal/secret.js';

/** @throws SessionError `SESSION_CONFIG`, which shows no secret */
export function resolveSecrets(secret: unknown): (string | Buffer)[] {
  const allowed = 'a string or Buffer of 32 bytes or more, or a list of them, newest first';
  const secrets = Array.isArray(secret) ? Array.from<unknown>(secret) : [secret];
  if (secrets.length === 0) refuse('secret', [], allowed);
  secrets.forEach((one, i) => {
    const option = Array.isArray(secret) ? `secret[${i}]` : 'secret';
    if (typeof one !== 'string' && !Buffer.isBuffer(one)) {
      // The value itself is never shown: it may be a secret in the wrong wrapping.
      refuse(option, one === undefined || one === null ? one : HIDDEN, allowed);
    }
    if (one.length === 0) refuse(option, '', allowed);
  });
  return secrets as (string | Buffer)[];
}

/**
 * `forRoot(name, secret)` would send the secret as the name of the cookie.
 *
 * @param token what the name of a cookie is made of
 * @throws SessionError `SESSION_CONFIG`, which shows neither
 */
export function refuseExchange(
  name: unknown,
  secrets: readonly (string | Buffer)[],
  token: RegExp,
): void {
  if (typeof name !== 'string' || Buffer.byteLength(name) < MIN_SECRET_BYTES) return;
  const areShort = secrets.every((secret) => Buffer.byteLength(secret) < MIN_SECRET_BYTES);
  if (!areShort && token.test(name)) return;
  refuse(
    'name',
    HIDDEN,
    `a cookie name. This one is as long as a secret and may be one in the wrong place: the secret comes first, SessionModule.forRoot(secret, name). A name of ${MIN_SECRET_BYTES} bytes or more goes with a secret of ${MIN_SECRET_BYTES} bytes or more`,
  );
}
