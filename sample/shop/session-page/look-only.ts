import type { SessionOptions, SessionRegistry, SessionStore } from 'nestjs-typed-session';

/**
 * The same options for a server that must change nothing: it finds what the shop keeps, and each change
 * seems to succeed.
 */
export function lookOnly(options: SessionOptions): SessionOptions {
  const { store, registry } = options;
  return {
    ...options,
    ...(store === undefined ? {} : { store: lookOnlyStore(store) }),
    ...(registry === undefined ? {} : { registry: lookOnlyRegistry(registry) }),
  };
}

function lookOnlyStore(store: SessionStore): SessionStore {
  return {
    atomic: true,
    read: (key) => store.read(key),
    write: async () => true,
    touch: async () => true,
    remove: async () => true,
  };
}

function lookOnlyRegistry(registry: SessionRegistry): SessionRegistry {
  return {
    find: (owner, ref) => registry.find(owner, ref),
    list: (owner) => registry.list(owner),
    add: () => {},
    replace: () => true,
    remove: (owner, ref) => registry.find(owner, ref),
    removeAll: (owner) => registry.list(owner),
  };
}
