/** What is weak. */
export interface Finding {
  /** Stable across releases. */
  readonly id:
    | 'secret'
    | 'secure'
    | 'proxy'
    | 'http-only'
    | 'memory-store'
    | 'memory-registry'
    | 'registry-cache'
    | 'idle-timeout'
    | 'absolute-timeout'
    | 'unregistered-class'
    | 'copies'
    | 'warning';
  /** Which session is meant. */
  readonly session?: string;
  /** What is weak, and what to do, as sentences. */
  readonly message: string;
}
