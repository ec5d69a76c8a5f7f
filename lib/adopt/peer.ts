import { SessionError } from '../session.errors.js';

/**
 * Loads a package that only one format needs. By `import`, since some of these packages have no
 * CommonJS; the name is a variable, so that neither a compiler nor a bundler asks for the package.
 *
 * @throws SessionError `SESSION_CONFIG` where it is not installed
 */
export async function loadPeer<T>(module: string, neededBy: string): Promise<T> {
  try {
    return (await import(module)) as T;
  } catch (cause) {
    const name = module.split('/', module.startsWith('@') ? 2 : 1).join('/');
    throw new SessionError('SESSION_CONFIG', `${neededBy} needs ${name}: npm install ${name}.`, {
      cause,
    });
  }
}

/** The default export of a CommonJS package, also where a tool has not made one of it. */
export function defaultOf<T>(module: { readonly default?: T } & T): T {
  return module.default ?? module;
}
