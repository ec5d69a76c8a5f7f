import type { SessionOptions } from 'nestjs-typed-session';

/**
 * What may carry a session from one build to another: the options of the module by the carrier's
 * name. Made in each build, so that nothing but the carrier itself leads from one to the other.
 */
export const CARRIERS: Record<string, () => Partial<SessionOptions>> = {
  'the cookie': () => ({}),
};
