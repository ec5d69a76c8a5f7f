import { createRequire } from 'node:module';
import type { TransformationType } from 'class-transformer';
import { SessionError } from '../session.errors.js';
import type { MetadataStorage } from './class-metadata.js';
import type { ClassFunction } from './class-source.js';

const require = createRequire(import.meta.url);

// The enum itself would load all of class-transformer; the compiler holds the numbers to it.
/* oxlint-disable typescript/no-unsafe-enum-assignment */
export const TO_INSTANCE: TransformationType.PLAIN_TO_CLASS = 0;
export const TO_PLAIN: TransformationType.CLASS_TO_PLAIN = 1;
/* oxlint-enable typescript/no-unsafe-enum-assignment */

/**
 * class-transformer's storage, which is not a public path, so it may be gone in a release to come.
 * Loaded when the first class is compiled, with `require`: that happens in the middle of a request, and it
 * has to be the very module that the decorators write to.
 */
export function metadataStorage(): MetadataStorage | undefined {
  try {
    const { defaultMetadataStorage: storage } = require('class-transformer/cjs/storage.js') as {
      defaultMetadataStorage?: Partial<MetadataStorage>;
    };
    return typeof storage?.getStrategy === 'function' &&
      typeof storage.findTransformMetadatas === 'function'
      ? (storage as MetadataStorage)
      : undefined;
  } catch {
    return undefined;
  }
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
  const copies = Object.entries(require.cache ?? {})
    .filter(([file]) => STORAGE_FILE.test(file))
    .map(([file, module]) => ({ file, storage: storageIn(module?.exports) }));
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
export function publicFunctions() {
  return require('class-transformer') as Pick<
    typeof import('class-transformer'),
    'instanceToPlain' | 'plainToInstance'
  >;
}

/**
 * Before a class is stored, and without loading anything.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function checkInstalled(name: string): void {
  try {
    require.resolve('class-transformer');
  } catch (cause) {
    throw new SessionError(
      'SESSION_CONFIG',
      `The session type ${JSON.stringify(name)} needs class-transformer: npm install class-transformer. (A bundler has to leave it out.)`,
      { cause },
    );
  }
}
