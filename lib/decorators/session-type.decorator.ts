import type { SessionClass, SessionTypeOptions } from '../values/type-options.js';
import { registerSessionType } from '../values/type-registry.js';

/**
 * Makes a class storable: its instances come back as instances. The module follows class-transformer's
 * decorators.
 *
 * @param options the stored name, by default the name of the class; or an object with the name, a `version`
 * and its `upgrade` steps, checks (`validate`, `schema`, `onInvalid`), or a form of its own (`serialize`,
 * `revive`)
 * @throws SessionError `SESSION_CONFIG` if an instance could not come back as it was
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
