import type { SessionStore } from '../../stores/session-store.js';
import { describeDamage } from './damage.js';
import { describeEntries } from './entries.js';
import { describe } from './globals.js';
import { describeRaces } from './races.js';
export {
  describeSessionRegistry,
  type DescribeSessionRegistryOptions,
  type SessionRegistryFactory,
} from './registry.js';
import { describeTexts } from './texts.js';
import { describeTime } from './time.js';

/** Gives the store under test. It is called for every test; the same store each time will do. */
export type SessionStoreFactory = () => SessionStore | Promise<SessionStore>;

/** What `describeSessionStore` takes besides the store. */
export interface DescribeSessionStoreOptions {
  /** Default `a session store`. */
  title?: string;
  /**
   * Gives a store on the same server by another connection, as another process has it: what one has
   * done, the other must see, and the races of an `atomic` store are run on both. Default none.
   */
  another?: SessionStoreFactory;
  /**
   * Damages the entry under a key, behind the back of the store: cuts its text, drops a field, puts a
   * value of another type in its place. With it the suite tests that the store tells a damaged entry
   * from a failure. Default none.
   */
  damage?: (key: string) => unknown;
}

/** What a chapter of the suite works on. */
export interface Subject {
  store: SessionStore;
  /** The same sessions, seen by another process where there is one. */
  other: SessionStore;
  /** Those that may write at the same moment and must lose nothing. */
  rivals: SessionStore[];
}

/** Opens what a chapter works on; each test has its own. */
export type OpenSubject = () => Promise<Subject>;

/**
 * Describes what the module relies on in a store of sessions, as tests, for any runner with a global
 * `describe` and `it`. Each test has keys of its own, so it needs no empty server and leaves behind
 * entries with an end. No test takes longer than two seconds on a store that answers at once.
 *
 * @example
 * ```ts
 * describeSessionStore(() => new MySessionStore(connection), { title: 'MySessionStore' });
 * ```
 */
export function describeSessionStore(
  factory: SessionStoreFactory,
  { title = 'a session store', another, damage }: DescribeSessionStoreOptions = {},
): void {
  const open: OpenSubject = async () => {
    const store = await factory();
    const other = (await another?.()) ?? store;
    return { store, other, rivals: store.atomic ? [store, other] : [store] };
  };
  describe(title, () => {
    describeEntries(open);
    describeTexts(open);
    describeTime(open);
    describeRaces(open);
    if (damage !== undefined) describeDamage(open, damage);
  });
}
