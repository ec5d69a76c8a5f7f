/** What becomes of changes, as far as the response has come. */
export interface ResponseState {
  /** Whether nothing that is written now could be kept, or be noticed when the response ends. */
  readonly isReadOnly: boolean;
  /** Whether no header can carry anything any more, a renewal neither. */
  readonly isLate: boolean;
  /** Whether the response has ended: nobody looks at the session again. */
  readonly hasEnded: boolean;
  /** @throws SessionError `SESSION_HEADERS_SENT` where a change could not be kept */
  assertWritable(): void;
  /** @throws SessionError `SESSION_HEADERS_SENT` */
  refuseChange(): never;
  /** Tells the log of a change that came too late and that nobody saved. */
  reportChange(): void;
  /** Tells the log of an error that meets no commit any more. */
  reportLate(error: unknown): void;
}
