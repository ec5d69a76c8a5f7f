import { createRequire } from 'node:module';
import type { TransformationType } from 'class-transformer';
import { SessionError } from '../session.errors.js';
import type { MetadataStorage } from './class-metadata.js';

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
