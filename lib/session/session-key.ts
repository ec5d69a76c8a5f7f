import { SessionError } from '../session.errors.js';

/** What to write in place of a call with a key that is no string. */
const ADVICE: Readonly<Record<string, string>> = {
  delete:
    "To remove one value: session.delete('key'). To end the session, as at a sign-out: await session.destroy(). To remove all values: session.clear().",
  set: "Write session.set('key', value), once for each key.",
};

/**
 * Refuses a key that is no string, which another request would not find again.
 *
 * @throws SessionError `SESSION_UNSERIALIZABLE`
 */
export function checkKey(method: string, key: unknown): asserts key is string {
  if (typeof key === 'string') return;
  const given = key === null ? 'null' : `of the type ${typeof key}`;
  const instead =
    typeof key === 'number' ? `Use a string: '${key}'.` : (ADVICE[method] ?? 'Use a string.');
  throw new SessionError(
    'SESSION_UNSERIALIZABLE',
    `The key that session.${method}() was given is ${given}, and a key is a string. ${instead}`,
  );
}
