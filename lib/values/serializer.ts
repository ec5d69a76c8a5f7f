import { SessionError } from '../session.errors.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { located, logFault, pathTo, rootPath, type ReportFault } from './faults.js';
import { isLonger } from './limits.js';
import { isPlain } from './plain-values.js';
import { Proof } from './proof.js';
import { refusedByOwnCode, refusedLength } from './refusal.js';
import { excessOf } from './stored-size.js';
import { ReadingStopped } from './typed-reader.js';
import { UNKNOWN } from './unknown-types.js';
import { DEFAULT_RULES, type ValueRules } from './value-rules.js';

export { DROPPED, UNKNOWN } from './unknown-types.js';

/**
 * One value as text: JSON, in which an object with a single key that begins with `$` (a type of
 * the platform) or `@` (a registered class) stands for a value of that type. FORMAT.md says which.
 *
 * @param path How the value is called in messages, such as `values.cart`.
 * @throws SessionError `SESSION_UNSERIALIZABLE` or `SESSION_TYPE_UNREGISTERED`, with the path of
 * what cannot be stored.
 */
export function serialize(value: unknown, path: string, rules: ValueRules = DEFAULT_RULES): string {
  const text = write(value, path, rules);
  const { bytes } = rules.limits;
  if (isLonger(text, bytes)) throw refusedLength(path, bytes);
  return text;
}

function write(value: unknown, path: string, rules: ValueRules): string {
  try {
    if (isPlain(value, rules.limits)) return JSON.stringify(value);
  } catch {
    // The text is too long, or a getter gave two answers. The encoder says where.
  }
  const proof = new Proof();
  const encoder = new Encoder(path, rules, { marks: proof });
  try {
    return proof.proved(encoder.value(value, undefined), value, path, rules);
  } catch (error) {
    throw error instanceof SessionError ? error : refusedByOwnCode(encoder.trail.path(), error);
  }
}

/** Who reads a value, and by what rules. */
export interface Reader {
  readonly rules: ValueRules;
  /**
   * Is told of everything that does not read as it is stored. Where there is none, nobody is, and
   * nothing is asked or thrown: it is only to be found out again what was read before.
   */
  readonly report?: ReportFault;
}

const LOGGING_READER: Reader = { rules: DEFAULT_RULES, report: logFault };

/**
 * The value of a text that {@link serialize} wrote, in this build or another.
 *
 * What this build cannot read (a type that it does not know, or a newer version of one) reads as
 * `undefined` where it stands, and whoever serialises the container again writes it back. Where the
 * text as a whole is so, there is no container: the result is `UNKNOWN`, and the caller keeps the
 * text. A value that its type refuses is as if it had not been stored; as a whole it is `DROPPED`.
 *
 * @param key The key of the session that the text lies under, for messages.
 * @throws SessionError `SESSION_INVALID` where a type says `onInvalid: 'throw'`, `SESSION_CONFIG`
 * where a schema answers with a promise; nothing else
 */
export function revive(text: string, key?: string, reader: Reader = LOGGING_READER): unknown {
  const { rules } = reader;
  if (isLonger(text, rules.limits.bytes)) {
    return wholeUnknown(`goes beyond ${rules.limits.bytes} bytes`, key, reader);
  }
  let node: unknown;
  try {
    node = JSON.parse(text);
  } catch {
    return wholeUnknown('is not JSON', key, reader);
  }
  if (typeof node !== 'object' || node === null) return node;
  const excess = excessOf(node, text, rules.limits);
  if (excess !== undefined) return wholeUnknown(excess, key, reader);
  // A quote within a JSON string is always escaped, so these two can only begin an object.
  const mayHoldTags = text.includes('{"$') || text.includes('{"@');
  return mayHoldTags ? decoded(node, key, reader) : node;
}

function decoded(node: object, key: string | undefined, reader: Reader): unknown {
  const decoder = new Decoder(reader.rules, reader.report === undefined);
  try {
    const value = decoder.value(node);
    if (reader.report !== undefined && decoder.findings.faults.length > 0) {
      located(decoder.findings, node, key).forEach(reader.report);
    }
    return value;
  } catch (error) {
    if (!(error instanceof ReadingStopped)) return wholeUnknown(whyUnreadable(error), key, reader);
    throw error.errorAt(pathTo(error.node, decoder.findings, node, key));
  }
}

/** What the developer has to mend, if that is the reason: it names classes, and quotes no value. */
function whyUnreadable(error: unknown): string {
  const isConfig = error instanceof SessionError && error.code === 'SESSION_CONFIG';
  return isConfig ? `cannot be read: ${error.message.replace(/\.$/, '')}` : 'cannot be read';
}

function wholeUnknown(why: string, key: string | undefined, { report }: Reader): typeof UNKNOWN {
  report?.({ key, path: rootPath(key), type: '(text)', why, outcome: 'kept' });
  return UNKNOWN;
}
