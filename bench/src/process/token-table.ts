import { table } from '../report/table.js';
import type { Targets } from '../report/targets.js';
import { bytesOf } from '../session-values.js';
import { ourSeal, ourSession } from './ours.js';
import { cookieSession } from './peers/cookie-session.js';
import { ironSession } from './peers/iron-session.js';
import { jsonBase64url } from './peers/json-base64url.js';
import { fastifySecureSession } from './peers/secure-session.js';
import type { Sealing } from './sealing.js';
import { LONGEST_TOKEN, SIZES } from './sizes.js';

/** How many characters each token has in a cookie. */
export async function tokenTable(targets: Targets): Promise<string> {
  const rows = [['bytes of JSON', ...SIZES.map(({ values }) => `${bytesOf(values)}`)]];
  rows.push([ourSeal.name, ...(await Promise.all(SIZES.map((size) => sealedText(targets, size))))]);
  const peers = [ourSession, fastifySecureSession, ironSession, cookieSession, jsonBase64url];
  for (const peer of peers) {
    const tokens = await Promise.all(SIZES.map(async ({ values }) => peer.seal(values)));
    rows.push([peer.name, ...tokens.map((token) => String(inCookie(peer, token).length))]);
  }
  return table(['', ...SIZES.map(({ name }) => name)], rows);
}

async function sealedText(
  targets: Targets,
  { name, values }: (typeof SIZES)[number],
): Promise<string> {
  const token = await ourSeal.seal(JSON.stringify(values));
  // Were it percent-encoded, it would be longer.
  const { length } = encodeURIComponent(token);
  const longest = LONGEST_TOKEN[name];
  if (longest === undefined) return String(length);
  const verdict = targets.verdict(`token of ${name}`, length, { atMost: longest }, { digits: 0 });
  return `${length}, ${verdict}`;
}

/** All but cookie-session encode what they give to a cookie. */
function inCookie(sealing: Sealing<object>, token: string): string {
  return sealing === cookieSession ? token : encodeURIComponent(token);
}
