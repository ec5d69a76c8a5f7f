import type { SessionEventKind } from '../session.events.js';
import type { SessionBackend } from './session-backend.js';

/**
 * What a commit keeps of a request:
 *
 * - `done`: what it saved or ended, and nothing else
 * - `changes`: all that it changed
 * - `changes-and-flashes`: the same, and the flashes that it read, for nobody sees its answer
 */
export type Kept = 'done' | 'changes' | 'changes-and-flashes';

/** What the commit decided for one session. */
export interface Decision {
  readonly backend: SessionBackend;
  /** The `Set-Cookie` line, where there is one to send. */
  readonly cookie?: string;
  /** The lines that delete other cookies of its name, beside that line. */
  readonly deletions?: readonly string[];
  /** The lines that delete the cookies of another library. */
  readonly oldDeletions?: readonly string[];
  /** What is told once the headers leave. */
  readonly events: readonly {
    readonly kind: SessionEventKind;
    readonly id: string;
    /** With `adopted`. */
    readonly library?: string;
  }[];
  /** Whether the cookie ends the session on the client. */
  readonly isDeletion?: boolean;
  /** Called once the headers leave to a client that is still there. */
  readonly onSent?: () => void;
}
