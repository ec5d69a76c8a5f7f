import type { SessionRegistry } from '../registry/session-registry.js';
import { type Duration, toSeconds } from './duration.js';
import { HIDDEN, refuse } from './option-checks.js';
import {
  type ResolvedCallOptions,
  resolveCalls,
  type SessionStoreOptions,
} from './store.options.js';

/** Options for a registry, which knows who is signed in where. */
export interface SessionRegistryOptions {
  /**
   * Knows the sessions that have an owner (`regenerate({ owner })`), in the cookie or in a store, so they
   * can be listed and ended. The module accepts no session with an owner that the registry does not know.
   * `storeTimeout` and `onStoreError` count for it too. Default none.
   */
  registry?: SessionRegistry;
  /**
   * How long an answer of the registry counts. A session that another process has ended may be accepted
   * for so long. Default `0`: the module asks in each request of a session with an owner.
   */
  registryCache?: Duration;
}

/** What was said of a registry, with every default in place. */
export interface ResolvedRegistryOptions extends ResolvedCallOptions {
  readonly registry: SessionRegistry;
  /** Milliseconds. */
  readonly cache: number;
}

export const REGISTRY_OPTION_NAMES = ['registry', 'registryCache'] as const;
const REGISTRY_METHODS = ['add', 'find', 'replace', 'list', 'remove', 'removeAll'] as const;

/**
 * @returns `undefined` where there is no registry
 * @throws SessionError `SESSION_CONFIG` naming the option, its value and what is allowed
 */
export function resolveRegistry(
  options: SessionRegistryOptions & SessionStoreOptions,
): ResolvedRegistryOptions | undefined {
  const { registry, registryCache } = options;
  if (registry === undefined) {
    if (registryCache !== undefined) refuse('registryCache', registryCache, 'only with a registry');
    return undefined;
  }
  // It may hold a password to a server: it is not shown.
  if (!isRegistry(registry)) {
    refuse('registry', HIDDEN, 'a SessionRegistry such as new RedisSessionRegistry(client)');
  }
  const seconds = toSeconds('registryCache', registryCache ?? 0);
  if (seconds < 0) refuse('registryCache', registryCache, 'a duration, or 0');
  return { registry, cache: seconds * 1000, ...resolveCalls(options) };
}

function isRegistry(registry: SessionRegistry | null): boolean {
  return (
    typeof registry === 'object' &&
    registry !== null &&
    REGISTRY_METHODS.every((method) => typeof registry[method] === 'function')
  );
}
