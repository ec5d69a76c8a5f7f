import type { TransformationType } from 'class-transformer';
import { SessionError } from '../session.errors.js';
import type { MetadataStorage } from './class-metadata.js';
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
  if ('exports' in loaded && packages.isLoadedByNode(loaded.exports)) return storageOf(loaded);
  const storages = [storageOf(loaded), storageOf(packages.bundledMetadataStorage())];
  const { Exclude } = publicFunctions();
  class Probe {
    readonly isProbe = true;
  }
  Exclude()(Probe);
  return storages.find((storage) => storage?.getStrategy(Probe) === 'excludeAll');
}

/** The storage that a module of class-transformer exports, where it is what is known of it. */
function storageOf(loaded: packages.Loaded<unknown>): MetadataStorage | undefined {
  if (!('exports' in loaded)) return undefined;
  const { defaultMetadataStorage: storage } = loaded.exports as {
    defaultMetadataStorage?: Partial<MetadataStorage>;
  };
  return typeof storage?.getStrategy === 'function' &&
    typeof storage.findTransformMetadatas === 'function'
    ? (storage as MetadataStorage)
    : undefined;
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
