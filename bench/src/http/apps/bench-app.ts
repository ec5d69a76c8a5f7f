import type { INestApplication, Type } from '@nestjs/common';
import { type SessionValues, sessionValues } from '../../session-values.js';

/**
 * A minimal application with the routes
 *
 * - `/plain`, which does not use the session,
 * - `/read`, which reads one value of it,
 * - `/write`, which counts in it,
 * - `/seed`, which fills a new session with {@link seedValues}.
 */
export interface BenchApp {
  readonly module: Type;
  /** Puts middleware or plugins into the application before it listens. */
  prepare?(app: INestApplication): Promise<void> | void;
}

export const SESSION_BYTES = 1024;
/** 32 bytes or more, as every library here wants it. */
export const SECRET = 'a secret of the benchmark, which is 48 bytes long';

export function seedValues(): SessionValues {
  return sessionValues(SESSION_BYTES);
}
