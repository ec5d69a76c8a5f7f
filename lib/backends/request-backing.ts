import { addressOf, type AnyRequest, isOverTls, isUnseen, rawRequest } from '../http/request.js';
import { SessionError } from '../session.errors.js';
import type { LiveSession } from '../session/live-session.js';
import { refuseProperties, type RequestSession } from '../session/request-session.js';
import type {
  LoadedSession,
  RegistryBacking,
  SessionBacking,
  StoredBacking,
} from '../session/session-backing.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SessionSnapshot } from '../session/session-state.js';
import { logFault, type ValueFault } from '../values/faults.js';
import type { ResponseState } from './response-state.js';
import type { SessionBackend } from './session-backend.js';
import { currentTime } from '../session.clock.js';

/** What a session needs of its request, and of the backend that it lives in. */
export abstract class RequestBacking<B extends SessionBackend> implements SessionBacking {
  abstract readonly live: LiveSession;
  abstract readonly session: RequestSession;
  abstract readonly store: StoredBacking | undefined;
  abstract readonly registration: RegistryBacking | undefined;
  abstract readonly isOver: boolean;
  abstract readonly takesWaiting: boolean;
  abstract readonly whyItWaits: string;
  /** A server failed that knows the session, and the request goes on without. */
  protected isAnonymous = false;
  private unseen: boolean | undefined;

  constructor(
    readonly backend: B,
    protected readonly request: AnyRequest,
    protected readonly response: ResponseState,
  ) {}

  abstract load(): LoadedSession | Promise<LoadedSession>;
  abstract save(take: () => SessionSnapshot): SessionSnapshot | Promise<SessionSnapshot>;
  abstract endOld(): Promise<void> | undefined;

  goWithout(): void {
    this.isAnonymous = true;
  }

  /** Goes on without a session that a server has failed to give, where the application wants that. */
  protected goWithoutOrThrow(error: unknown): undefined {
    if (this.backend.onStoreError === 'fail' || !isStoreFailure(error)) throw error;
    this.goWithout();
  }

  private refuseAnonymous(): never {
    throw new SessionError(
      'SESSION_STORE',
      `Session '${this.name}' could not be read in this request, so it cannot be changed.`,
    );
  }

  get isReadOnly(): boolean {
    return this.isAnonymous || this.response.isReadOnly;
  }

  assertWritable(): void {
    if (this.isAnonymous) this.refuseAnonymous();
    this.response.assertWritable();
  }

  noteWrite(): void {}

  /** A new id goes out with the headers, wherever the values lie. */
  assertRenewable(): void {
    this.response.assertWritable();
  }

  refuseChange(): never {
    if (this.isAnonymous) this.refuseAnonymous();
    return this.response.refuseChange();
  }

  reportUnawaited(error: unknown): void {
    this.response.reportLate(error);
  }

  refuseProperties(): void {
    refuseProperties(this.session);
  }

  get name(): string {
    return this.backend.options.name;
  }

  get cookie() {
    return this.backend.options.cookie;
  }

  get rules() {
    return this.backend.options.rules;
  }

  report(fault: ValueFault): void {
    const { path, type, why, outcome } = fault;
    const { record, saved } = this.live;
    // What a new session has saved is read again after a reload, and no client has it yet.
    this.backend.publish('invalid', record?.id ?? saved?.id, { path, type, why, outcome });
    logFault(fault);
  }

  get isUnseen(): boolean {
    return (this.unseen ??= isUnseen(this.request));
  }

  get secretKey(): string | undefined {
    return this.backend.options.csrfKey;
  }

  newId(): string {
    return this.backend.newId();
  }

  newRef(): string {
    return this.backend.newRef();
  }

  expiryOf(createdAt: number, cookie?: SessionRecord['cookie']): number {
    return this.backend.expiryOf(createdAt, currentTime(), cookie);
  }

  protected get cookieHeader(): string | undefined {
    return rawRequest(this.request).headers.cookie;
  }

  /** Opens the cookies of the request, and counts those that do not open. */
  protected watched<T>(open: () => T): T {
    return this.backend.badCookies.watch(() => addressOf(this.request), open);
  }

  protected get isOverTls(): boolean {
    return isOverTls(this.request);
  }
}

/** What `map` throws is a fault of the application. */
function isStoreFailure(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'SESSION_STORE';
}
