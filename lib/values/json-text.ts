import * as builtin from './builtin-types.js';
import { isTagCharacter } from './tags.js';

/** The parts of a text that the encoder puts together. */

/** JSON strings need an escape for a quote, a backslash, a control character, a lone surrogate. */
// oxlint-disable-next-line no-control-regex -- these are what it looks for
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

export function quote(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

export function primitiveText(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint') return `{"$bigint":${builtin.bigint.write(value as never)}}`;
  return value === undefined ? '{"$undefined":0}' : JSON.stringify(value);
}

function numberText(value: number): string {
  return value - value === 0 && !Object.is(value, -0)
    ? String(value)
    : `{"$number":${builtin.specialNumber.write(value as never)}}`;
}

/**
 * An object that happens to look like a tag is wrapped, so that it is read as an object.
 *
 * @param count how many fields it has
 */
export function escaped(fields: string, count: number): string {
  return count === 1 && isTagCharacter(fields.charCodeAt(2)) ? `{"$":${fields}}` : fields;
}

/** Last, because of two equal keys the last one counts when JSON is parsed. */
export function withField(fields: string, property: string, value: string): string {
  const field = `${quote(property)}:${quote(value)}}`;
  return fields === '{}' ? `{${field}` : `${fields.slice(0, -1)},${field}`;
}
