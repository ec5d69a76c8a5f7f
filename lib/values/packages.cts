// The packages that are loaded when they are first needed. This file is CommonJS in both forms of the
// library: a plain `require` waits for its call, finds the application's own copy, and a bundler follows it.
// Each stands in a `try`, so that a bundler accepts that a package is not installed.

/**
 * This evaluation of the library. A test that resets its modules evaluates the same file again, and gets
 * another one. Both forms of the library have the same one.
 */
export const thisEvaluation: { readonly file: string | undefined } = {
  // A bundle that is an ES module has none.
  file: typeof __filename === 'string' ? __filename : undefined,
};

/** A package, or why it could not be loaded. */
export type Loaded<T> = { readonly exports: T } | { readonly cause: unknown };

export function classTransformer(): Loaded<typeof import('class-transformer')> {
  try {
    return { exports: require('class-transformer') };
  } catch (cause) {
    return { cause };
  }
}

export function classValidator(): Loaded<unknown> {
  try {
    return {
      exports: {
        ...require('class-validator'),
        ...require('class-validator/cjs/validation/ValidationExecutor.js'),
      },
    };
  } catch (cause) {
    return { cause };
  }
}

/** The CommonJS modules that this process has loaded, by their files; none in a bundle. */
export function loadedModules(): [file: string, module: { readonly exports: unknown }][] {
  const loaded: unknown = require.cache;
  return typeof loaded === 'object' && loaded !== null
    ? (Object.entries(loaded) as [string, { readonly exports: unknown }][]).filter(
        ([, module]) => typeof module === 'object' && module !== null,
      )
    : [];
}

/** Whether class-transformer can be loaded. Loads nothing, except in a bundle. */
export function findClassTransformer(): Loaded<unknown> {
  try {
    return { exports: require.resolve('class-transformer') };
  } catch {
    return metadataStorage();
  }
}

/** class-transformer's storage, in the form that Node loads. */
export function metadataStorage(): Loaded<unknown> {
  try {
    return { exports: require('class-transformer/cjs/storage.js') };
  } catch (cause) {
    return { cause };
  }
}

/** class-transformer's storage, in the form that webpack takes where an application imports the package. */
export function bundledMetadataStorage(): Loaded<unknown> {
  try {
    return { exports: require('class-transformer/esm5/storage.js') };
  } catch (cause) {
    return { cause };
  }
}

/** Whether Node itself loaded what `metadataStorage` gave: there is no other form of it then. */
export function isLoadedByNode(storage: unknown): boolean {
  try {
    const file: unknown = require.resolve('class-transformer/cjs/storage.js');
    const isPath = typeof file === 'string' && /^(\/|\\|[a-z]:)/i.test(file);
    return isPath && require.cache[file]?.exports === storage;
  } catch {
    return false;
  }
}
