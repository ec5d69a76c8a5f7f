import { SessionError } from '../session.errors.js';
import { wrong, type OldValues } from './adopter-options.js';
import { isRecord, type OpenedSession } from './adopter.js';

type Callback = (error?: unknown, session?: unknown) => void;

/** What is used of a store for express-session or @fastify/session. */
export interface OldSessionStore {
  /** Reads a session. */
  get(id: string, callback: Callback): unknown;
  /** Removes a session. */
  destroy(id: string, callback: Callback): unknown;
}

/** @throws SessionError `SESSION_CONFIG` */
export function checkStore(format: string, store: unknown): void {
  const { get, destroy } = (store ?? {}) as Partial<OldSessionStore>;
  if (typeof get !== 'function' || typeof destroy !== 'function') {
    throw wrong(format, 'store has to be the store of the old application, with get and destroy');
  }
}

/**
 * The session that a store holds under an id, without the cookie's options that lie beside its values.
 *
 * @param isExpired by the options of its cookie, where the library itself looks at them
 * @throws SessionError `SESSION_STORE`
 */
export async function storedUnder(
  library: string,
  store: OldSessionStore,
  id: string,
  isExpired: (cookie: OldValues) => boolean = () => false,
): Promise<OpenedSession | undefined> {
  const session = await called(library, (done) => store.get(id, done));
  if (!isRecord(session)) return undefined;
  // The copy that a store makes which keeps its sessions elsewhere. One in memory may hand out what
  // the old application still works with.
  const { cookie, ...values } = copied(library, session);
  if (isRecord(cookie) && isExpired(cookie)) return undefined;
  const end = async (): Promise<void> => {
    await called(library, (done) => store.destroy(id, done));
  };
  return { values, identity: id, end };
}

function copied(library: string, session: object): OldValues {
  try {
    return JSON.parse(JSON.stringify(session)) as OldValues;
  } catch (cause) {
    throw failed(library, cause);
  }
}

/** The value that a store gives to its callback, or to a promise. */
async function called(library: string, act: (done: Callback) => unknown): Promise<unknown> {
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const returned = act((error, session) => {
        if (error) reject(asError(error));
        else resolve(session);
      });
      // Of a store written with promises, a failure may come this way only.
      if (returned instanceof Promise) returned.catch(reject);
    });
  } catch (cause) {
    // So do stores say that there is none that keep files.
    if ((cause as NodeJS.ErrnoException | null)?.code === 'ENOENT') return undefined;
    throw failed(library, cause);
  }
}

/** Some stores call back with a text. */
function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error('it called back with no Error', { cause: error });
}

function failed(library: string, cause: unknown): SessionError {
  return new SessionError('SESSION_STORE', `The store of ${library} failed`, { cause });
}
