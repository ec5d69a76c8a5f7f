import { registeredType } from '../../values/type-registry.js';
import type { SessionClass } from '../../values/type-options.js';
import { wrong } from '../adopter-options.js';
import type { GoStructs } from './gob-definitions.js';
import { parseGoType, type GoStructFields } from './go-type.js';

/** A struct of the application in Go. */
export interface GorillaType {
  /** Its class here, where that is not registered under the name that the struct has in Go. */
  readonly class?: SessionClass;
  /** Its exported fields in their order, with their types as Go writes them. */
  readonly fields?: GoStructFields;
}

/** Structs by the name under which `gob.Register` knows them: `main.User`, `example.com/app/models.User`. */
export type GorillaTypes = Readonly<Record<string, GorillaType>>;

/** The registered names of the classes, by the names of their structs. */
export function registeredNames(title: string, types: GorillaTypes): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [struct, { class: cls }] of Object.entries(types)) {
    if (cls === undefined) continue;
    const name = registeredType(cls.prototype as object)?.name;
    if (name === undefined) {
      throw wrong(
        title,
        `types: the class for ${struct} is not registered; give it @SessionType()`,
      );
    }
    names.set(struct, name);
  }
  return names;
}

/** The structs with the types of their fields parsed; pointers by what they point to. */
export function structsOf(types: GorillaTypes): GoStructs {
  const names = new Set(Object.keys(types).map((name) => name.replace(/^\*/, '')));
  return new Map(
    Object.entries(types).map(([name, { fields = {} }]) => [
      name.replace(/^\*/, ''),
      new Map(
        Object.entries(fields).map(([field, type]) => [
          field,
          parseGoType(type, names, `${name}.${field}`),
        ]),
      ),
    ]),
  );
}
