import type { SessionClass, SessionTypeOptions } from '../values/type-options.js';
import { registerSessionType } from '../values/type-registry.js';

/**
 * Makes a class storable: its instances come back as instances, with class-transformer's
 * decorators honoured.
 *
 * @param options a name that survives renaming the class (by default the class's own); or with it a
 * `version` and its `upgrade` steps, checks of what is read (`validate`, `schema`, `onInvalid`), a
 * hand-written form (`serialize`, `revive`)
 * @throws SessionError `SESSION_CONFIG` where the class could not come back as it was
 *
 * @example
 * ```ts
 * @SessionType()
 * class User {
 *   name!: string;
 *   @Type(() => Address) address!: Address;
 *   greet() { return `Hi ${this.name}`; }
 * }
 * ```
 */
export function SessionType<T extends object = object, S = unknown>(
  options: string | SessionTypeOptions<T, S> = {},
): (target: SessionClass<T>) => void {
  return (target) =>
    registerSessionType(target, typeof options === 'string' ? { name: options } : options);
}
