import { hasListeners, type SessionRejectReason } from '../session.events.js';
import { copyOf } from '../seal/keyring.js';
import { Recent } from './recent.js';
import { currentTime } from '../session.clock.js';

/** How many bad cookies of one address within how long are a signal, which is told once in that time. */
const RATE = 50;
const WINDOW_MILLISECONDS = 60_000;
/** Of how many addresses they are counted. */
const MAX_ADDRESSES = 1000;
/** An address of IPv6 with its zone is shorter; a header of a proxy may hold anything. */
const MAX_ADDRESS_LENGTH = 64;

/** What nobody has who was given it by this application, but for a while after a change of secrets. */
const BAD: ReadonlySet<SessionRejectReason> = new Set([
  'malformed',
  'unknown-version',
  'unknown-key',
  'bad-seal',
  'future',
]);

interface Count {
  cookies: number;
  readonly since: number;
  isTold: boolean;
}

/** Counts by address the cookies that do not open, where somebody listens. */
export class BadCookies {
  private readonly addresses = new Recent<Count>(MAX_ADDRESSES);
  private rejected = 0;

  /** @param tell is called with an address that passes the rate */
  constructor(private readonly tell: (address: string, count: number) => void) {}

  note(reason: SessionRejectReason): void {
    if (BAD.has(reason)) this.rejected++;
  }

  /** Opens cookies of an address, and counts those that do not open. */
  watch<T>(address: () => string | undefined, open: () => T): T {
    if (!hasListeners('anomaly')) return open();
    const before = this.rejected;
    const opened = open();
    const bad = this.rejected - before;
    const from = bad > 0 ? address() : undefined;
    if (from !== undefined) this.count(copyOf(from.slice(0, MAX_ADDRESS_LENGTH)), bad);
    return opened;
  }

  private count(address: string, bad: number): void {
    const now = currentTime();
    let count = this.addresses.get(address);
    if (count === undefined || now - count.since >= WINDOW_MILLISECONDS) {
      count = this.addresses.set(address, { cookies: 0, since: now, isTold: false });
    }
    count.cookies += bad;
    if (count.cookies < RATE || count.isTold) return;
    count.isTold = true;
    this.tell(address, count.cookies);
  }
}
