import { SessionError } from '../session.errors.js';
import { Decoder, TooDeep } from './decoder.js';
import { Encoder } from './encoder.js';
import { isPlain } from './plain-values.js';
import { refusedByOwnCode } from './refusal.js';
import { reportUnknown, UNKNOWN } from './unknown-types.js';

export { UNKNOWN } from './unknown-types.js';

/**
 * One value as text: JSON, in which an object with a single key that begins with `$` (a type of
 * the platform) or `@` (a registered class) stands for a value of that type.
 *
 * @param path How the value is called in messages, such as `values.cart`.
 * @throws SessionError `SESSION_UNSERIALIZABLE` or `SESSION_TYPE_UNREGISTERED`, with the path of
 * what cannot be stored.
 */
export function serialize(value: unknown, path: string): string {
  try {
    if (isPlain(value)) return JSON.stringify(value);
  } catch {
    // The text is too long, or a getter gave two answers. The encoder says where.
  }
  const encoder = new Encoder(path);
  try {
    return encoder.value(value, undefined);
  } catch (error) {
    throw error instanceof SessionError ? error : refusedByOwnCode(encoder.trail.path(), error);
  }
}

/**
 * The value of a text that {@link serialize} wrote, in this build or another. Throws nothing.
 *
 * A type that this build does not know reads as `undefined` where it stands, and whoever
 * serialises the container again writes it back. Where the text as a whole is of such a type,
 * there is no container: the result is `UNKNOWN`, and the caller keeps the text.
 */
export function revive(text: string): unknown {
  try {
    const node: unknown = JSON.parse(text);
    if (typeof node !== 'object' || node === null) return node;
    // A quote within a JSON string is always escaped, so these two can only begin an object.
    const mayHoldTags = text.includes('{"$') || text.includes('{"@');
    return mayHoldTags ? new Decoder().value(node) : node;
  } catch (error) {
    reportUnknown('(text)', error instanceof TooDeep ? 'is nested too deep' : 'is not JSON');
    return UNKNOWN;
  }
}
