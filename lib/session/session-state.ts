import type { SessionCookieOptions } from '../options/session.options.js';
import { haveSameTexts, type Texts } from './session-values.js';
import { areSameSignIn, type SignIn } from './sign-in.js';

/** What a session holds at one moment. */
export interface SessionState {
  readonly id: string;
  readonly createdAt: number;
  readonly cookie?: SessionCookieOptions;
  readonly signIn?: SignIn;
  readonly texts: Texts;
}

/** All that a commit needs to know, taken at one moment. */
export interface SessionSnapshot extends SessionState {
  /** The keys that this request treated as lists of flashes. */
  readonly flashKeys: ReadonlySet<string>;
  /** Whether `save()` or a sign-in asked to keep the session, so that it is kept where it is empty too. */
  readonly isSaved: boolean;
}

/** Whether two moments of a session hold the same. */
export function areSame(one: SessionState, other: SessionState): boolean {
  return (
    one.id === other.id &&
    haveSameTexts(one.texts, other.texts) &&
    areSameSignIn(one.signIn, other.signIn) &&
    (one.cookie === other.cookie || JSON.stringify(one.cookie) === JSON.stringify(other.cookie))
  );
}
