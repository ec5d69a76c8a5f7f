import type { SessionRegistry } from '../registry/session-registry.js';
import { type Duration, toSeconds } from './duration.js';
import { HIDDEN, refuse } from './option-checks.js';
import {
  type ResolvedCallOptions,
  resolveCalls,
  type SessionStoreOptions,
} from './store.options.js';

/** Who is signed in where. */
export interface SessionRegistryOptions {
  /**
   * What knows the sessions that have an owner (`regenerate({ owner })`), so that they can be listed and
   * ended, wherever they are kept. One that it does not know is not accepted. It is bounded by
   * `storeTimeout`, and where it fails `onStoreError` counts. Default none.
   */
  registry?: SessionRegistry;
  /**
   * How old an answer of the registry may be, and so how much later than at once an ended session ends
   * in another process. Default `0`: it is asked for each request of a session with an owner.
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
