import { pathOf } from '../../session/session-values.js';
import { isTagCharacter } from '../../values/tags.js';
import { DROPPED, revive, serialize, UNKNOWN } from '../../values/serializer.js';
import { storedType } from '../../values/type-registry.js';
import type { ValueRules } from '../../values/value-rules.js';
import type { OldValues } from '../adopter-options.js';
import { GobFault } from './gob-reader.js';
import { GoFields } from './gob-decoder.js';

/** The registered name of a struct's class, by what Go calls it. */
export type NameOfStruct = (goName: string) => string | undefined;

/**
 * The values of a session in a decoded gob. A struct whose name is that of a registered type becomes an
 * instance of its class, any other an object.
 *
 * They are written in the form in which sessions are stored and read from it again: that is where
 * fields, nested types and versions of classes are known.
 *
 * @throws GobFault
 */
export function sessionValues(decoded: unknown, named: NameOfStruct, rules: ValueRules): OldValues {
  if (!(decoded instanceof GoFields) || decoded.struct !== undefined) {
    throw new GobFault('is no map from text to values, which a session is');
  }
  const values = Object.create(null) as OldValues;
  const writer = new StoredForm(named, rules);
  for (const [key, value] of decoded.fields) {
    // Nobody is told of faults here: whoever reads the session that this becomes is.
    const revived = revive(writer.textOf(value, ''), key, { rules });
    if (revived === DROPPED) continue;
    if (revived === UNKNOWN) throw new GobFault(`has ${pathOf(key)}, which cannot be stored`);
    values[key] = revived;
  }
  return values;
}

class StoredForm {
  constructor(
    private readonly named: NameOfStruct,
    private readonly rules: ValueRules,
  ) {}

  /** @param around the struct around it: a nested one may be of the same package */
  textOf(value: unknown, around: string): string {
    if (value instanceof GoFields) return this.fields(value, around);
    if (Array.isArray(value)) {
      return `[${value.map((element) => this.textOf(element, around)).join(',')}]`;
    }
    if (value instanceof Map) {
      const pairs = [...value].map((pair) => this.textOf(pair, around));
      return `{"$map":[${pairs.join(',')}]}`;
    }
    return serialize(value, 'value', this.rules);
  }

  private fields({ fields, struct }: GoFields, around: string): string {
    const name = struct === undefined ? undefined : this.typeOf(struct, around);
    const within = name ?? struct ?? around;
    const members = [...fields].map(
      ([key, value]) => `${JSON.stringify(key)}:${this.textOf(value, within)}`,
    );
    const text = `{${members.join(',')}}`;
    if (name !== undefined) return `{${JSON.stringify(`@${name}`)}:${text}}`;
    // Without the escape it would pass for a tag.
    const [first] = fields.keys();
    const isLikeTag = fields.size === 1 && isTagCharacter(first.charCodeAt(0));
    return isLikeTag ? `{"$":${text}}` : text;
  }

  /** A field's type has no package in a gob, so its own is that of the struct around it. */
  private typeOf(struct: string, around: string): string | undefined {
    const value = struct.replace(/^\*/, '');
    const sibling = value.includes('.') ? value : around.replace(/[^.]*$/, value);
    const names = [this.named(struct), this.named(value), struct, value, sibling];
    return names.find((one) => one !== undefined && storedType(`@${one}`) !== undefined);
  }
}
