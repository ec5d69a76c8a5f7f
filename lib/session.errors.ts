/** The codes of errors. They stay the same in later releases; messages may change. */
export type SessionErrorCode =
  /** An option or an argument is wrong, or a class cannot be registered. */
  | 'SESSION_CONFIG'
  /** There is no session here: the module is not imported, or no session has that name. */
  | 'SESSION_UNAVAILABLE'
  /** The values do not fit; the message lists the largest keys. The session stays as it was. */
  | 'SESSION_TOO_LARGE'
  /** A value cannot be stored and brought back; the message gives its path. */
  | 'SESSION_UNSERIALIZABLE'
  /** The class of an instance is not registered; the message gives its path and the remedy. */
  | 'SESSION_TYPE_UNREGISTERED'
  /** A stored value is not valid, and its type has `onInvalid: 'throw'`; the message gives its path. */
  | 'SESSION_INVALID'
  /** A change came after the headers had left. */
  | 'SESSION_HEADERS_SENT'
  /** The store or the registry failed, or did not answer in time. */
  | 'SESSION_STORE'
  /** The session was ended elsewhere while this request ran, so `save()` or `increment()` kept nothing. */
  | 'SESSION_ENDED'
  /** `@RequireFresh` asks for a more recent sign-in: a 401, whose body has this code. */
  | 'SESSION_STALE';

/** The page of the manual that has a section for each code. */
const ERRORS_PAGE =
  'https://github.com/nestjs-typed-session/nestjs-typed-session/blob/main/docs/errors.md';

/** Marks an error of either form of the package. */
const SESSION_ERROR = Symbol.for('nestjs-typed-session:error');

/**
 * The class of every error that this module throws. It is no `HttpException`: the client sees a plain 500
 * (503 with `SESSION_STORE`), and the log has the message. An exception filter may `@Catch(SessionError)`.
 * The message ends with the address of the section in the manual that describes the code.
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
   * 503 if the store or the registry failed, otherwise `undefined`. Nest's own exception filter answers with
   * it, as with the status of an error of `http-errors`.
   */
  get statusCode(): 503 | undefined {
    return this.code === 'SESSION_STORE' ? 503 : undefined;
  }

  /** As `statusCode`: an error of `http-errors` has both. */
  get status(): 503 | undefined {
    return this.statusCode;
  }

  /** `false` with a `statusCode`: the client does not see the message. */
  get expose(): false | undefined {
    return this.statusCode === undefined ? undefined : false;
  }
}

/** Makes the errors of a class that cannot extend `SessionError` ones for `instanceof`. */
export function markAsSessionError(prototype: object): void {
  Object.defineProperty(prototype, SESSION_ERROR, { value: true });
}

markAsSessionError(SessionError.prototype);
