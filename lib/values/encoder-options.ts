import type { Trail } from './trail.js';

/** A field of which it has to be proved that it comes back as it is. */
export interface Mark {
  readonly key: string;
  readonly remedy: 'transform' | 'accessor';
}

/** Notes the instances with such fields, so that they are compared when the whole has been written. */
export interface MarkTaker {
  /** @returns what stands behind the last field of the instance, to find it again in the text */
  note(instance: object, marks: readonly Mark[], trail: Trail): string;
}

/** How an encoder departs from the ordinary. */
export interface EncoderOptions {
  /**
   * Whether fields are written as they are, without transforms and without hand-written forms: not
   * to be stored, but to be compared.
   */
  readonly isBare?: boolean;
  /** Absent where nothing is stored. */
  readonly marks?: MarkTaker;
  /** The instances that were compared before, each by its number. They are not written again. */
  readonly compared?: ReadonlyMap<object, number>;
}
