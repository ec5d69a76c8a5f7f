import { SessionError } from '../session.errors.js';
import { pathOf } from '../session/session-values.js';
import { serialize } from '../values/serializer.js';
import { DEFAULT_RULES, type ValueRules } from '../values/value-rules.js';
import { checkOptions, type OldValues } from './adopter-options.js';
import { encodeGob } from './gorilla/gob-encoder.js';
import { registeredNames, structsOf, type GorillaTypes } from './gorilla/gorilla-types.js';
import { keyPairs, sealCookie, type GorillaKeys } from './gorilla/secure-cookie.js';

/** Options of `toGorilla`: what the application in Go gives gorilla/sessions. */
export interface GorillaWriterOptions extends GorillaKeys {
  /** The name of the session in Go, and of its cookie. */
  readonly name: string;
  /** The structs that the application in Go has registered, with their fields. */
  readonly types?: GorillaTypes;
}

/** Writes the sessions of the application in Go. */
export interface GorillaWriter {
  readonly name: string;
  /**
   * The value of the cookie that the application in Go reads.
   *
   * @throws SessionError `SESSION_UNSERIALIZABLE` with the path of what gob cannot say,
   * `SESSION_TOO_LARGE` beyond the 4096 bytes that gorilla opens
   */
  write(values: Readonly<OldValues>, rules?: ValueRules): string;
}

/** The `MaxLength` of securecookie. */
const MAX_LENGTH = 4096;

/**
 * Writes the cookie of gorilla/sessions, so that an application in Go reads the sessions of this one
 * while both serve one domain. The newest pair of keys seals.
 *
 * Whole numbers become `int`, others `float64`, a Date `time.Time`, a Buffer `[]byte`, lists
 * `[]interface{}`, objects `map[string]interface{}`, Maps `map[interface{}]interface{}`, instances the
 * struct that `types` names. The application in Go has to have registered each of these but the numbers,
 * strings, `bool` and `[]byte`; gorilla itself registers `[]interface{}`.
 *
 * @throws SessionError `SESSION_CONFIG`
 */
export function toGorilla(options: GorillaWriterOptions): GorillaWriter {
  const title = 'toGorilla';
  const { name, types = {} } = options;
  checkOptions(title, name, {});
  const pairs = keyPairs(title, options);
  const structs = structsOf(types);
  const goNames = new Map(Object.keys(types).map((struct) => [struct.replace(/^\*/, ''), struct]));
  for (const [struct, cls] of registeredNames(title, types)) goNames.set(cls, struct);
  return {
    name,
    write(values, rules = DEFAULT_RULES) {
      const nodes = new Map<string, unknown>();
      for (const [key, value] of Object.entries(values)) {
        nodes.set(key, JSON.parse(serialize(value, pathOf(key), rules)));
      }
      const gob = encodeGob(nodes, structs, (registered) => goNames.get(registered));
      const text = sealCookie(name, gob, pairs);
      if (text.length <= MAX_LENGTH) return text;
      throw new SessionError(
        'SESSION_TOO_LARGE',
        `The session ${name} takes ${text.length} bytes as a cookie of gorilla/sessions, which opens no more than ${MAX_LENGTH}.`,
      );
    },
  };
}
