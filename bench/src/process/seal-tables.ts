import { table } from '../report/table.js';
import { showSpread, type Target, type Targets } from '../report/targets.js';
import { type Duration, timeSealings } from './duel.js';
import { ourSeal, ourSealOfJson, ourSession } from './ours.js';
import { base64url } from './peers/base64url.js';
import { cookieSession } from './peers/cookie-session.js';
import { cookieSignature } from './peers/cookie-signature.js';
import { ironSession } from './peers/iron-session.js';
import { jsonBase64url } from './peers/json-base64url.js';
import { fastifySecureSession } from './peers/secure-session.js';
import { secureSessionSodium } from './peers/sodium.js';
import { SIZES, TIMES_FASTER_THAN_IRON } from './sizes.js';

/** The seal alone: how many times as long it takes as each peer. */
export async function sealTable(targets: Targets, rounds: number): Promise<string> {
  const peers = [secureSessionSodium, cookieSignature, base64url];
  const rows: string[][] = [];
  for (const { name: size, values, sodiumTimes } of SIZES) {
    const ofJson = await timeSealings([ourSealOfJson, fastifySecureSession], values, rounds);
    const whole = ofJson.compare(ourSealOfJson.name, fastifySecureSession.name);
    const target = { atMost: sodiumTimes };
    rows.push(row(targets, size, `${fastifySecureSession.name}, both with JSON`, whole, target));
    const ofText = await timeSealings([ourSeal, ...peers], JSON.stringify(values), rounds);
    for (const peer of peers) {
      rows.push(row(targets, size, peer.name, ofText.compare(ourSeal.name, peer.name)));
    }
  }
  return table(['session', 'the seal takes, as a ratio to', 'seal', 'open', 'both'], rows);
}

/** A whole session: how many times as long each peer takes. */
export async function sessionTable(targets: Targets, rounds: number): Promise<string> {
  const peers = [fastifySecureSession, ironSession, cookieSession, jsonBase64url];
  const rows: string[][] = [];
  for (const { name: size, values } of SIZES) {
    const timed = await timeSealings([ourSession, ...peers], values, rounds);
    for (const peer of peers) {
      const faster = peer === ironSession ? TIMES_FASTER_THAN_IRON[size] : undefined;
      const target = faster === undefined ? undefined : { atLeast: faster };
      const duration = timed.compare(peer.name, ourSession.name);
      rows.push(row(targets, size, peer.name, duration, target));
    }
  }
  return table(['session', 'as a ratio to a whole session of ours', 'seal', 'open', 'both'], rows);
}

function row(
  targets: Targets,
  size: string,
  peer: string,
  { seal, open, both }: Duration,
  target?: Target,
): string[] {
  const judged = targets.cell(`${size}, ${peer}`, both, target);
  return [size, peer, showSpread(seal), showSpread(open), judged];
}
