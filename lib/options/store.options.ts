import { type Duration, toTimeout } from './duration.js';
import { HIDDEN, oneOf, refuse, wholeBytes } from './option-checks.js';
import type { SessionStore } from '../stores/session-store.js';

/** Options for sessions that a store keeps. */
export interface SessionStoreOptions {
  /** Keeps the values. The cookie then carries a sealed id and no values. Default none. */
  store?: SessionStore;
  /** How long one call to the store or the registry may take. Default 2 seconds. */
  storeTimeout?: Duration;
  /**
   * What happens to a request if the store or the registry fails. Default `'fail'`: it ends with a 503,
   * through Nest's filters. `'anonymous'`: it goes on with an empty session, and a write to that session
   * is an error.
   */
  onStoreError?: 'fail' | 'anonymous';
  /** The bytes of one session in the store, before it is sealed. Default `1048576` (1 MiB). */
  maxStoreBytes?: number;
  /** Whether the store gets sealed text; otherwise it gets JSON. Default `true`. */
  encryptAtRest?: boolean;
}

/** How a server is asked. */
export interface ResolvedCallOptions {
  /** How long one call may take: milliseconds. */
  readonly timeout: number;
  readonly onError: 'fail' | 'anonymous';
}

/** What was said of a store, with every default in place. */
export interface ResolvedStoreOptions extends ResolvedCallOptions {
  readonly store: SessionStore;
  readonly maxBytes: number;
  readonly encryptAtRest: boolean;
}

/** They say nothing without a store, and who gives one forgot the store. */
const DEPENDENT_OPTION_NAMES = ['maxStoreBytes', 'encryptAtRest'] as const;
/** They say how a store is asked, and a registry. */
const CALL_OPTION_NAMES = ['storeTimeout', 'onStoreError'] as const;
export const STORE_OPTION_NAMES = [
  'store',
  ...CALL_OPTION_NAMES,
  ...DEPENDENT_OPTION_NAMES,
] as const;
const STORE_METHODS = ['read', 'write', 'touch', 'remove'] as const;

/** Timers take no more: a longer one would end at once. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * @returns `undefined` where the cookie carries the values
 * @throws SessionError `SESSION_CONFIG` naming the option, its value and what is allowed
 */
export function resolveStorage(
  options: SessionStoreOptions & { readonly registry?: unknown },
): ResolvedStoreOptions | undefined {
  const { store, encryptAtRest } = options;
  if (store === undefined) {
    refuseWithout('a store', DEPENDENT_OPTION_NAMES, options);
    if (options.registry === undefined) refuseWithout('a store', CALL_OPTION_NAMES, options);
    return undefined;
  }
  // It may hold a password to a server: it is not shown.
  if (!isStore(store)) {
    refuse('store', HIDDEN, 'a SessionStore such as new RedisSessionStore(client)');
  }
  return {
    store,
    ...resolveCalls(options),
    maxBytes: wholeBytes('maxStoreBytes', options.maxStoreBytes ?? 1024 * 1024),
    encryptAtRest: oneOf('encryptAtRest', encryptAtRest ?? true, [true, false]),
  };
}

/** @throws SessionError `SESSION_CONFIG` */
export function resolveCalls(options: SessionStoreOptions): ResolvedCallOptions {
  return {
    timeout: resolveTimeout(options.storeTimeout ?? 2),
    onError: oneOf('onStoreError', options.onStoreError ?? 'fail', ['fail', 'anonymous']),
  };
}

function refuseWithout(
  what: string,
  names: readonly (keyof SessionStoreOptions)[],
  options: SessionStoreOptions,
): void {
  const option = names.find((name) => options[name] !== undefined);
  if (option !== undefined) refuse(option, options[option], `only with ${what}`);
}

function resolveTimeout(duration: Duration): number {
  const timeout = toTimeout('storeTimeout', duration);
  if (timeout > MAX_TIMER) refuse('storeTimeout', duration, 'a duration of up to 24 days');
  return timeout;
}

function isStore(store: SessionStore | null): boolean {
  return (
    typeof store === 'object' &&
    typeof store?.atomic === 'boolean' &&
    STORE_METHODS.every((method) => typeof store[method] === 'function')
  );
}
