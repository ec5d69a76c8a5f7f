import { SessionError } from '../session.errors.js';
import { type Duration, toTimeout } from './duration.js';
import { HIDDEN, refuse } from './option-checks.js';
import { MIN_SECRET_BYTES } from '../seal/secret.js';

/** One secret, or a list of them, newest first. */
export type SessionSecret = string | Buffer | readonly (string | Buffer)[];

/** A function that asks a key service for the secrets. */
export type SecretSource = () => SessionSecret | Promise<SessionSecret>;

/** A function that gives the secrets, and how often it is asked. */
export interface ResolvedSecretSource {
  readonly ask: SecretSource;
  /** Milliseconds. */
  readonly refresh: number;
}

/** Under which options that were asked for their secrets have the function that gave them. */
const SOURCE = Symbol('secret source');
const DEFAULT_REFRESH = '5 minutes';
/** How long a function may take to give the secrets. */
const MAX_WAIT = 30_000;
/** `setTimeout` fires at once where it is given more. */
const MAX_TIMER = 2 ** 31 - 1;

interface WithSecret {
  readonly secret: SessionSecret | SecretSource;
}

/**
 * The options, with the secrets that a function gives in its place.
 *
 * @throws SessionError `SESSION_CONFIG` where the function fails
 */
export async function askForSecrets<O>(options: O): Promise<O> {
  if (Array.isArray(options)) return (await Promise.all(options.map(askForSecrets))) as O;
  const ask: unknown = (options as Partial<WithSecret> | undefined)?.secret;
  if (typeof ask !== 'function') return options;
  try {
    const secret = await askInTime(ask as SecretSource, true);
    return { ...options, secret, [SOURCE]: ask };
  } catch (cause) {
    throw new SessionError('SESSION_CONFIG', 'SessionModule: the function secret failed.', {
      cause,
    });
  }
}

/**
 * Asks a function for the secrets.
 *
 * @param keepsAlive whether the process waits for the answer, though nothing else keeps it alive
 * @throws Error what the function throws; or that it gave no answer within 30 seconds
 */
export async function askInTime(ask: SecretSource, keepsAlive: boolean): Promise<SessionSecret> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const error = new Error(`The function secret gave no answer within ${MAX_WAIT / 1000} s.`);
    timer = setTimeout(reject, MAX_WAIT, error);
    if (!keepsAlive) timer.unref();
  });
  try {
    return await Promise.race([ask(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether some of the secrets are given by a function. */
export function hasSecretSource(options: unknown): boolean {
  return [options].flat().some((one) => typeof (one as WithSecret | null)?.secret === 'function');
}

/** @throws SessionError `SESSION_CONFIG` */
export function resolveSecretSource(
  options: object,
  secretRefresh: Duration | undefined,
): ResolvedSecretSource | undefined {
  const ask = (options as { readonly [SOURCE]?: SecretSource })[SOURCE];
  if (ask !== undefined) {
    const refresh = toTimeout('secretRefresh', secretRefresh ?? DEFAULT_REFRESH);
    if (refresh > MAX_TIMER) refuse('secretRefresh', secretRefresh, 'a duration of up to 24 days');
    return { ask, refresh };
  }
  if (secretRefresh !== undefined) {
    refuse('secretRefresh', secretRefresh, 'only where secret is a function');
  }
  return undefined;
}

/** @throws SessionError `SESSION_CONFIG`, which shows no secret */
export function resolveSecrets(secret: unknown): (string | Buffer)[] {
  const allowed =
    'a string or Buffer of 32 bytes or more, a list of them, newest first, or a function that gives these';
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
