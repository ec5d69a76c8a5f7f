/** The kinds of failure, stable across releases: branch on these, never on messages. */
export type SessionErrorCode =
  /** An option is wrong. Thrown at boot, or where a type is registered. */
  | 'SESSION_CONFIG'
  /** The session was asked for where there is none: module not imported, unknown name. */
  | 'SESSION_UNAVAILABLE'
  /** The values do not fit; the message lists the largest keys. The old session stays. */
  | 'SESSION_TOO_LARGE'
  /** A value cannot be stored and brought back; the message gives its path. */
  | 'SESSION_UNSERIALIZABLE'
  /** An instance of a class that no one registered; the message gives path and remedy. */
  | 'SESSION_TYPE_UNREGISTERED'
  /** A stored value is not valid, and its type says `onInvalid: 'throw'`; the message gives its path. */
  | 'SESSION_INVALID'
  /** A change came after the headers that would have carried it. */
  | 'SESSION_HEADERS_SENT'
  /** The server that keeps the sessions failed or did not answer in time. */
  | 'SESSION_STORE'
  /** The session was ended elsewhere while this request ran, so `save()` or `increment()` kept nothing. */
  | 'SESSION_ENDED'
  /** `@RequireFresh` asks for a sign-in that is fresher: a 401, whose body tells this code. */
  | 'SESSION_STALE';

/** The page of the manual that has a section for each code. */
const ERRORS_PAGE =
  'https://github.com/nestjs-typed-session/nestjs-typed-session/blob/main/docs/errors.md';

/** Marks an error of either form of the package. */
const SESSION_ERROR = Symbol.for('nestjs-typed-session:error');

/**
 * Every error that this module throws. It is no `HttpException`: a client sees a plain 500 (503 with
 * `SESSION_STORE`), the log sees the message, and an exception filter may `@Catch(SessionError)`.
 * The message ends with the address of the code's section in the manual.
 */
export class SessionError extends Error {
  /** An error of the CommonJS form is one of the ES module too, so that `@Catch(SessionError)` finds it. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SessionError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && SESSION_ERROR in value;
  }

  override readonly name = 'SessionError';

  constructor(
    readonly code: SessionErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    const stop = /[.?!)]$/.test(message) ? '' : '.';
    super(`${message}${stop} See ${ERRORS_PAGE}#${code.toLowerCase()}`, options);
  }

  /**
   * 503 where the store failed, and no fault of the application's did: Nest's own exception filter
   * answers with it, as with the status of any error that looks like one of `http-errors`.
   */
  get statusCode(): 503 | undefined {
    return this.code === 'SESSION_STORE' ? 503 : undefined;
  }

  /** As `statusCode`: an error of `http-errors` has both. */
  get status(): 503 | undefined {
    return this.statusCode;
  }

  /** By this, too, Nest knows such an error: `false` where the client must not see the message. */
  get expose(): false | undefined {
    return this.statusCode === undefined ? undefined : false;
  }
}

/** Makes the errors of a class that cannot extend `SessionError` ones for `instanceof`. */
export function markAsSessionError(prototype: object): void {
  Object.defineProperty(prototype, SESSION_ERROR, { value: true });
}

markAsSessionError(SessionError.prototype);
