import { parseStoreCookie } from '../backends/store-cookie.js';
import { Keyring, type RejectReason } from '../seal/keyring.js';
import { hashOf, MIN_SECRET_BYTES } from '../seal/secret.js';
import { parseRecord, type SessionRecord } from '../session/session-record.js';

/** What a token is, in the contexts in which this library seals. */
const KINDS = {
  cookie: 'session',
  'store-cookie': 'session id',
  'store-entry': 'session record',
} as const;

export type TokenKind = keyof typeof KINDS;

export type OpenedToken =
  | {
      readonly kind: TokenKind;
      /** Which secret of the list sealed it, from 0: the newest. */
      readonly sealedBy: number;
      /** What it holds; a cookie of a session in a store holds none. */
      readonly record?: SessionRecord;
      /** Under which key the store has the session. */
      readonly storeKey?: string;
      /** Whether the cookie of a session in a store says where a registry has it. */
      readonly hasRef?: boolean;
    }
  | { readonly rejected: RejectReason | 'malformed' };

/** Opens a token with each secret and for each purpose. Never throws. */
export function openToken(token: string, name: string, secrets: readonly string[]): OpenedToken {
  const reasons = new Set<RejectReason>();
  for (const [sealedBy, text] of secrets.entries()) {
    for (const secret of secretsIn(text)) {
      for (const kind of Object.keys(KINDS) as TokenKind[]) {
        const opened = new Keyring([secret], `${KINDS[kind]}\0${name}`).open(token);
        if ('rejected' in opened) reasons.add(opened.rejected);
        else return contentOf(kind, sealedBy, opened.text, name);
      }
    }
  }
  // What was sealed with one of the secrets and does not open tells more than the others.
  const order: RejectReason[] = ['bad-seal', 'malformed', 'unknown-version', 'unknown-key'];
  return { rejected: order.find((reason) => reasons.has(reason))! };
}

/** A secret as it is written, and the bytes that an application may decode it to. */
function secretsIn(text: string): (string | Buffer)[] {
  const isHex = /^([\da-f]{2})+$/i.test(text);
  const decoded = [Buffer.from(text, 'base64'), ...(isHex ? [Buffer.from(text, 'hex')] : [])];
  return [text, ...decoded.filter(({ length }) => length >= MIN_SECRET_BYTES)];
}

function contentOf(kind: TokenKind, sealedBy: number, text: string, name: string): OpenedToken {
  if (kind === 'store-cookie') {
    const { id, place } = parseStoreCookie(text);
    const storeKey = hashOf(`nestjs-typed-session/1/store/${name}`, id);
    return { kind, sealedBy, storeKey, hasRef: place !== undefined };
  }
  const record = parseRecord(text);
  if (record === undefined) return { rejected: 'malformed' };
  return { kind, sealedBy, record };
}
