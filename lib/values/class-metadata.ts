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
  readonly options?: Selector & { readonly name?: string };
}

export interface TransformMetadata {
  readonly transformFn: (params: TransformFnParams) => unknown;
  readonly options?: Selector & { readonly toPlainOnly?: boolean };
}

/** For which groups and versions an `@Expose` or a `@Transform` is meant. */
interface Selector {
  readonly groups?: readonly string[];
  readonly since?: number;
  readonly until?: number;
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

/** Which groups and which version of a class one asks for. */
export interface FieldSelection {
  readonly groups?: readonly string[];
  readonly version?: number;
}

/** Decides, as class-transformer's executor does, which decorators apply. */
export class Selection {
  /** What a `@Transform` sees as its options: class-transformer's defaults, and what was asked for. */
  readonly options: Readonly<ClassTransformOptions>;

  constructor(private readonly asked: FieldSelection = {}) {
    const { groups, version } = asked;
    this.options = Object.freeze({
      enableCircularCheck: false,
      enableImplicitConversion: false,
      excludeExtraneousValues: false,
      exposeDefaultValues: false,
      exposeUnsetFields: true,
      ignoreDecorators: false,
      ...(groups === undefined ? undefined : { groups: [...groups] }),
      ...(version === undefined ? undefined : { version }),
    });
  }

  includes({ options }: { readonly options?: Selector }): boolean {
    if (options === undefined) return true;
    return this.includesVersion(options) && this.includesGroups(options.groups);
  }

  private includesVersion({ since, until }: Selector): boolean {
    const { version } = this.asked;
    if (version === undefined) return true;
    // 0 is none to class-transformer.
    return (!since || version >= since) && (!until || version < until);
  }

  private includesGroups(groups: readonly string[] | undefined): boolean {
    const asked = this.asked.groups ?? [];
    if (asked.length === 0) return groups === undefined || groups.length === 0;
    return groups === undefined || asked.some((group) => groups.includes(group));
  }
}
