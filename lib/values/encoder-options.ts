import type { ClassPlan } from './class-plan.js';

/** A field of which it has to be proved that it comes back as it is. */
export interface Mark {
  readonly key: string;
  readonly remedy: 'transform' | 'accessor';
}

/** How an encoder departs from the ordinary. */
export interface EncoderOptions {
  /**
   * Whether fields are written as they are, without transforms and without hand-written forms: not
   * to be stored, but to be compared.
   */
  readonly isBare?: boolean;
  /** Checks what was written of an instance; absent where nothing is stored. */
  readonly prove?: (
    instance: object,
    text: string,
    revive: ClassPlan['revive'],
    marks: readonly Mark[],
    pathOf: (key: string) => string,
  ) => void;
}
