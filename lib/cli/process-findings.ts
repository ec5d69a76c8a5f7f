import type { ResolvedOptions } from '../options/session.options.js';
import type { Finding } from './finding.js';

/** What the stores and the registries of this package hold that keeps the entries. */
interface Keeper {
  /** Of `KeyvSessionStore`. */
  readonly keyv?: { readonly store?: unknown; readonly opts?: { readonly store?: unknown } };
  /** Of `ExpressSessionStore`, and the store of `KeyvSessionRegistry`. */
  readonly store?: object;
}

/** What one process alone knows: the sessions of a store, or who is signed in. */
export function processFindings({ storage, registration }: ResolvedOptions): Finding[] {
  const findings: Finding[] = [];
  const store = storage && inOneProcess(storage.store);
  if (store !== undefined) {
    const message = `${store} keeps the sessions in one process: a restart loses them, and other processes do not see them. Use RedisSessionStore or another shared store`;
    findings.push({ id: 'memory-store', message });
  }
  const registry = registration && inOneProcess(registration.registry);
  if (registry !== undefined) {
    const message = `${registry} keeps in one process who is signed in: a restart signs everybody out, and other processes accept none of its sessions. Use RedisSessionRegistry or another shared one`;
    findings.push({ id: 'memory-registry', message });
  }
  return findings;
}

/**
 * What keeps its entries in this process alone. Classes are known by their names: they may be of another
 * copy of their package.
 *
 * @param isFollowed whether the store within it is looked at
 * @returns its name; `undefined` where a server keeps them, or nobody can see it
 */
function inOneProcess(keeper: object, isFollowed = true): string | undefined {
  const { name } = keeper.constructor;
  if (/^Memory(Session)?(Store|Registry)$/.test(name)) return name;
  const { keyv, store } = keeper as Keeper;
  if (keyv !== undefined) {
    return (keyv.store ?? keyv.opts?.store) instanceof Map
      ? 'a Keyv without an adapter'
      : undefined;
  }
  return isFollowed && typeof store === 'object' && store !== null
    ? inOneProcess(store, false)
    : undefined;
}
