import type { RegisteredSession } from '../registry/session-registry.js';
import type { SessionRecord } from '../session/session-record.js';

/** A session as the store has it. */
export interface StoredRecord {
  readonly record: SessionRecord;
  readonly version: string;
  /** Whether an older key sealed it, so that it should be sealed again. */
  readonly isOutdated: boolean;
  /** What the registry knows of it, where it has an owner. */
  readonly registered?: RegisteredSession;
}
