import { createRequire } from 'node:module';
import type {
  ClassTransformOptions,
  TransformationType,
  TransformFnParams,
} from 'class-transformer';
import type { ClassFunction } from './class-source.js';

/** What class-transformer's decorators left behind for one field. */
export interface TypeMetadata {
  readonly reflectedType?: unknown;
  readonly typeFunction?: (help: {
    newObject: object;
    object: object;
    property: string;
  }) => unknown;
  readonly options?: {
    readonly keepDiscriminatorProperty?: boolean;
    readonly discriminator?: {
      readonly property?: string;
      readonly subTypes?: readonly { readonly value: ClassFunction; readonly name: string }[];
    };
  };
}

export interface ExposeMetadata {
  readonly propertyName: string;
  readonly options?: { readonly name?: string; readonly groups?: readonly string[] };
}

export interface TransformMetadata {
  readonly transformFn: (params: TransformFnParams) => unknown;
  readonly options?: { readonly groups?: readonly string[] };
}

/** The questions that class-transformer's own executor asks its storage. */
export interface MetadataStorage {
  getStrategy(target: ClassFunction): 'none' | 'exposeAll' | 'excludeAll';
  getExposedProperties(target: ClassFunction, direction: TransformationType): string[];
  getExcludedProperties(target: ClassFunction, direction: TransformationType): string[];
  findExposeMetadata(target: ClassFunction, property: string): ExposeMetadata | undefined;
  findExposeMetadataByCustomName(target: ClassFunction, name: string): ExposeMetadata | undefined;
  findTypeMetadata(target: ClassFunction, property: string): TypeMetadata | undefined;
  findTransformMetadatas(
    target: ClassFunction,
    property: string,
    direction: TransformationType,
  ): TransformMetadata[];
}

/** What a `@Transform` sees as its options: class-transformer's defaults. */
export const TRANSFORM_OPTIONS: Readonly<ClassTransformOptions> = Object.freeze({
  enableCircularCheck: false,
  enableImplicitConversion: false,
  excludeExtraneousValues: false,
  exposeDefaultValues: false,
  exposeUnsetFields: true,
  ignoreDecorators: false,
});

/** No groups are asked for, so whatever belongs to groups does not apply. */
export function belongsToGroups(metadata: {
  readonly options?: { readonly groups?: readonly string[] };
}): boolean {
  return (metadata.options?.groups?.length ?? 0) > 0;
}

/**
 * class-transformer's storage is not a public path, so it may be gone in a release to come.
 * Loaded with `require`: it has to be the very module that the decorators write to, and it must
 * be there at once when a CommonJS application requires this package.
 */
export const metadataStorage: MetadataStorage | undefined = load();

function load(): MetadataStorage | undefined {
  try {
    const { defaultMetadataStorage: storage } = createRequire(import.meta.url)(
      'class-transformer/cjs/storage.js',
    ) as { defaultMetadataStorage?: Partial<MetadataStorage> };
    return typeof storage?.getStrategy === 'function' &&
      typeof storage.findTransformMetadatas === 'function'
      ? (storage as MetadataStorage)
      : undefined;
  } catch {
    return undefined;
  }
}
