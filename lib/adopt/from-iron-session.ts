import { wrong, type AdopterOptions, type OldValues } from './adopter-options.js';
import { adopterOf, decodedCookie, isRecord } from './adopter.js';
import { loadPeer } from './peer.js';
import type { CookieReader, SessionAdopter } from '../options/session-adopter.js';

/** Options of `fromIronSession`: what the old application gave iron-session. */
export interface IronSessionAdopterOptions extends AdopterOptions {
  /** The old application's `cookieName`. */
  readonly name: string;
  /** The password of the old application, or its passwords by their numbers. */
  readonly password: string | Readonly<Record<number, string>>;
  /**
   * Whether seals without a version hold the values under `persistent`, as those of next-iron-session
   * and of iron-session before 6. Default `false`: the version stands outside of what is
   * authenticated, so that it decides nothing by itself.
   */
  readonly persistent?: boolean;
}

/** What is used of iron-webcrypto. It compares in constant time. */
interface IronWebcrypto {
  readonly defaults: object;
  readonly unseal: (seal: string, passwords: object, options: object) => Promise<unknown>;
}

/** iron-session 9 splits what is longer into at most so many cookies. */
const MAX_CHUNKS = 4;

/** As iron-session demands. */
const MIN_PASSWORD_LENGTH = 32;

/** Fe26.2 and nine parts of text: hex, base64url and digits; and iron-session's version. */
const SEAL = /^(Fe26\.2\*[\w*-]+)(~\d{1,3})?$/;

/**
 * Opens the sessions of iron-session, 6 to 9.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function fromIronSession(options: IronSessionAdopterOptions): SessionAdopter {
  const title = 'fromIronSession';
  const { name, password, persistent = false } = options;
  const passwords = passwordsOf(title, password);
  const chunks = Array.from({ length: MAX_CHUNKS }, (_, index) => `${name}.${index}`);
  let iron: IronWebcrypto;

  return adopterOf(options, {
    title,
    library: 'iron-session',
    name,
    otherNames: chunks,
    async prepare() {
      iron = await loadPeer<IronWebcrypto>('iron-webcrypto', title);
    },
    *candidates(cookies) {
      yield* cookies(name);
      const joined = joinedChunks(cookies, chunks);
      if (joined !== '') yield joined;
    },
    async open(text) {
      const [, seal, version] = SEAL.exec(decodedCookie(text)) ?? [];
      if (seal === undefined) return undefined;
      const values = await unsealed(iron, seal, passwords);
      if (!isRecord(values)) return undefined;
      const holder = persistent && version === undefined ? values.persistent : values;
      return isRecord(holder) ? { values: holder, identity: seal } : undefined;
    },
  });
}

/** How the numbers in the seals and the passwords belong together. */
function passwordsOf(title: string, password: unknown): Readonly<Record<string, string>> {
  const passwords = (typeof password === 'string' ? { 1: password } : password) as OldValues;
  const all = isRecord(passwords) ? Object.entries(passwords) : [];
  const areUsable = all.every(
    ([id, one]) => /^\d+$/.test(id) && typeof one === 'string' && one.length >= MIN_PASSWORD_LENGTH,
  );
  if (all.length === 0 || !areUsable) {
    throw wrong(
      title,
      `password has to be one of ${MIN_PASSWORD_LENGTH} characters or more, or several by their numbers: { 2: newest, 1: older }`,
    );
  }
  // Without a prototype: a seal names its password by itself, and may say `constructor`.
  return Object.assign(Object.create(null) as object, passwords) as Record<string, string>;
}

function joinedChunks(cookies: CookieReader, names: readonly string[]): string {
  const parts = names.map((one) => cookies(one)[0]);
  const gap = parts.indexOf(undefined as never);
  return parts.slice(0, gap === -1 ? parts.length : gap).join('');
}

/** `undefined` for whatever is wrong with a seal: its form, its password, its HMAC, its time. */
async function unsealed(
  { unseal, defaults }: IronWebcrypto,
  seal: string,
  passwords: Readonly<Record<string, string>>,
): Promise<unknown> {
  try {
    return await unseal(seal, passwords, defaults);
  } catch {
    return undefined;
  }
}
