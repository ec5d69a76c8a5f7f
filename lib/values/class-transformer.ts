import type { TransformationType } from 'class-transformer';
import { SessionError } from '../session.errors.js';
import type { MetadataStorage } from './class-metadata.js';
import type { ClassFunction } from './class-source.js';
import * as packages from './packages.cjs';

// The enum itself would load all of class-transformer; the compiler holds the numbers to it.
/* oxlint-disable typescript/no-unsafe-enum-assignment */
export const TO_INSTANCE: TransformationType.PLAIN_TO_CLASS = 0;
export const TO_PLAIN: TransformationType.CLASS_TO_PLAIN = 1;
/* oxlint-enable typescript/no-unsafe-enum-assignment */

/**
 * class-transformer's storage, which is not a public path, so it may be gone in a release to come.
 * Loaded when the first class is compiled, which happens in the middle of a request. It is the copy that the
 * decorators write to: a bundle may hold two forms of the package.
 */
export function metadataStorage(): MetadataStorage | undefined {
  const loaded = packages.metadataStorage();
  if ('exports' in loaded && packages.isLoadedByNode(loaded.exports))
    return exportedStorage(loaded);
  const storages = [exportedStorage(loaded), exportedStorage(packages.bundledMetadataStorage())];
  const { Exclude } = publicFunctions();
  class Probe {
    readonly isProbe = true;
  }
  Exclude()(Probe);
  return storages.find((storage) => storage?.getStrategy(Probe) === 'excludeAll');
}

/** The storage that a module of class-transformer exports, where it is what is known of it. */
function exportedStorage(loaded: packages.Loaded<unknown>): MetadataStorage | undefined {
  if (!('exports' in loaded)) return undefined;
  const { defaultMetadataStorage: storage } = loaded.exports as {
    defaultMetadataStorage?: Partial<MetadataStorage>;
  };
  return typeof storage?.getStrategy === 'function' &&
    typeof storage.findTransformMetadatas === 'function'
    ? (storage as MetadataStorage)
    : undefined;
}

/**
 * The storage of the copy of class-transformer that knows a class: a package of a workspace may have a
 * copy of its own, which its decorators write to.
 *
 * @param lineage the class and those that it extends
 * @throws SessionError `SESSION_CONFIG` where several copies know it: each knows a part of the rules
 */
export function storageOf(lineage: readonly ClassFunction[]): MetadataStorage | undefined {
  const own = metadataStorage();
  if (own === undefined) return undefined;
  const copies = packages
    .loadedModules()
    .filter(([file]) => STORAGE_FILE.test(file))
    .map(([file, module]) => ({ file, storage: storageIn(module.exports) }));
  const knowing = copies.filter(({ storage }) => lineage.some((cls) => knows(storage, cls)));
  const [found, another] = knowing;
  if (another === undefined) return (found?.storage as MetadataStorage | undefined) ?? own;
  throw new SessionError(
    'SESSION_CONFIG',
    `The class ${lineage[0].name} has decorators of ${knowing.length} copies of class-transformer, so that each knows a part of its rules: ${knowing.map(({ file }) => file.replace(STORAGE_FILE, '')).join(' and ')}. Install one copy: npm dedupe.`,
  );
}

const STORAGE_FILE = /[\\/]cjs[\\/]storage\.js$/;

type Maps = Readonly<Record<string, unknown>>;

function storageIn(exports: unknown): Maps | undefined {
  const { defaultMetadataStorage: storage } = (exports ?? {}) as { defaultMetadataStorage?: Maps };
  return storage?.['_excludeMetadatas'] instanceof Map ? storage : undefined;
}

/** Whether one of its decorators stands on this very class. */
function knows(storage: Maps | undefined, cls: ClassFunction): boolean {
  return ['_typeMetadatas', '_transformMetadatas', '_exposeMetadatas', '_excludeMetadatas'].some(
    (name) => {
      const map = storage?.[name];
      return map instanceof Map && map.has(cls);
    },
  );
}

/** What it offers to everyone, for where its storage is gone. */
export function publicFunctions(): typeof import('class-transformer') {
  const loaded = packages.classTransformer();
  if ('cause' in loaded) throw loaded.cause;
  return loaded.exports;
}

/**
 * Before a class is stored, and without loading anything.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function checkInstalled(name: string): void {
  const found = packages.findClassTransformer();
  if ('exports' in found) return;
  throw new SessionError(
    'SESSION_CONFIG',
    `The session type ${JSON.stringify(name)} needs class-transformer: npm install class-transformer. (A bundler has to bundle it, or leave out this package too.)`,
    { cause: found.cause },
  );
}
