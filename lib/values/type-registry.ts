import { SessionError } from '../session.errors.js';
import { TYPED_ARRAYS } from './builtin-types.js';
import { planOf, type ClassPlan } from './class-plan.js';
import { hiddenState, isSameSource, type ClassFunction } from './class-source.js';

/** A class: anything with a prototype and a name, its constructor public or not. */
export interface SessionClass<T = unknown> {
  readonly name: string;
  readonly prototype: T;
}

/** How a class is stored. Both of `serialize` and `revive`, or neither. */
export interface SessionTypeOptions<T = object, S = unknown> {
  /**
   * The name that is stored beside the fields. Default: the name of the class. Give one to rename
   * the class later, or where a build shortens names.
   */
  name?: string;
  /**
   * A hand-written form, for a class with `#private` fields or one that needs its constructor.
   * May return anything that a session stores.
   */
  serialize?: (value: T) => S;
  /** The way back. What it throws makes the stored value unknown: it is kept, and not read. */
  revive?: (stored: S) => T;
}

/** A class that the wire form knows by name. */
export interface RegisteredType {
  readonly name: string;
  /** How its text begins. */
  readonly label: string;
  readonly cls: ClassFunction;
  readonly form:
    { serialize: (value: unknown) => unknown; revive: (stored: unknown) => unknown } | undefined;
  readonly plan: () => ClassPlan;
}

const byName = new Map<string, RegisteredType>();
/** Weak: a class that is made again and again, in a factory, must not be held for ever. */
const byPrototype = new WeakMap<object, RegisteredType>();

/** The type that a stored name stands for. */
export function typeNamed(name: string): RegisteredType | undefined {
  return byName.get(name);
}

/** The type of an object with this prototype: of exactly that class, not of one that extends it. */
export function registeredType(prototype: object): RegisteredType | undefined {
  return byPrototype.get(prototype);
}

/**
 * Makes classes storable that one cannot, or would rather not, decorate with `@SessionType()`.
 * (Leapkit: `RegisterSessionTypes`.)
 *
 * @throws SessionError `SESSION_CONFIG`, as {@link registerSessionType}.
 */
export function registerSessionTypes(...classes: SessionClass[]): void {
  for (const cls of classes) registerSessionType(cls);
}

/**
 * Makes one class storable, under a name of its own or in a hand-written form.
 *
 * @example
 * registerSessionType(Decimal, {
 *   name: 'decimal',
 *   serialize: (value) => value.toString(),
 *   revive: (stored: string) => new Decimal(stored),
 * });
 *
 * @throws SessionError `SESSION_CONFIG`: no class, no usable name, a name that another class has,
 * a class whose fields are not all there is to it (`#private` fields, built-in ancestors, `#private`
 * methods that only a constructor with parameters installs) without `serialize` and `revive`, or
 * only one of the two.
 */
export function registerSessionType<T, S = unknown>(
  cls: SessionClass<T>,
  options: SessionTypeOptions<T, S> = {},
): void {
  const target = checkedClass(cls);
  const before = byPrototype.get(target.prototype as object);
  const form = checkedForm(target, options as SessionTypeOptions<unknown>);
  const name = checkedName(target, options.name ?? before?.name ?? target.name);
  if (form === undefined && before?.form === undefined) checkFieldsAreAll(target);
  if (before !== undefined && before.name !== name) {
    throw config(
      `The class ${target.name} is registered as ${JSON.stringify(before.name)} already, and cannot be ${JSON.stringify(name)} too.`,
    );
  }
  checkNameIsFree(name, target);
  if (before !== undefined && form === undefined && byName.get(name) === before) return;
  const type: RegisteredType = {
    name,
    label: `{${JSON.stringify(`@${name}`)}:`,
    cls: target,
    form: form ?? before?.form,
    plan: () => planOf(target, planByField),
  };
  byName.set(name, type);
  byPrototype.set(target.prototype as object, type);
}

/** The plan that a field's `@Type` names; none for a class that is stored in a form of its own. */
function planByField(cls: ClassFunction): ClassPlan | undefined {
  const form = byPrototype.get(cls.prototype as object)?.form;
  return form === undefined ? planOf(cls, planByField) : undefined;
}

const config = (message: string): SessionError => new SessionError('SESSION_CONFIG', message);

function checkedClass(value: unknown): ClassFunction {
  if (typeof value !== 'function' || typeof value.prototype !== 'object' || !value.prototype) {
    throw config(
      `A session type must be a class; ${value === null ? 'null' : typeof value === 'function' ? `the function ${value.name}` : `a value of the type ${typeof value}`} is none.`,
    );
  }
  return value as unknown as ClassFunction;
}

/** Types with a stored form of their own, and those that no form could bring back. */
const BUILT_IN: ReadonlySet<unknown> = new Set<unknown>([
  Object,
  Function,
  Array,
  Map,
  Set,
  Date,
  URL,
  Buffer,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Promise,
  Object.getPrototypeOf(Uint8Array),
  ...TYPED_ARRAYS,
]);

function checkedForm(
  cls: ClassFunction,
  { serialize, revive }: SessionTypeOptions<unknown>,
): RegisteredType['form'] {
  if (BUILT_IN.has(cls)) throw config(`${cls.name} is built in and cannot be a session type.`);
  if (serialize === undefined && revive === undefined) return undefined;
  if (typeof serialize !== 'function' || typeof revive !== 'function') {
    const missing = typeof serialize === 'function' ? 'revive' : 'serialize';
    throw config(
      `The session type ${cls.name} needs both serialize and revive; ${missing} is not a function.`,
    );
  }
  return { serialize, revive };
}

/** Refuses a class with state that its fields do not show. */
function checkFieldsAreAll(cls: ClassFunction): void {
  const reason = hiddenState(cls);
  if (reason === undefined) return;
  throw config(
    `The class ${cls.name} ${reason}. Register it with a form of its own: registerSessionType(${cls.name}, { serialize, revive }).`,
  );
}

// oxlint-disable-next-line no-control-regex -- these are what it refuses
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function checkedName(cls: ClassFunction, name: unknown): string {
  if (typeof name === 'string' && name !== '' && !CONTROL.test(name)) return name;
  if (name === '') {
    throw config('A class without a name needs one as a session type: give the option name.');
  }
  throw config(
    `The name of the session type ${cls.name} must be a string without control characters, not ${JSON.stringify(name)}.`,
  );
}

/**
 * One name is one class. Two whose sources are equal are one class twice: a module that was
 * evaluated again, a class made in a factory. The newest is revived; older instances can still be
 * written.
 */
function checkNameIsFree(name: string, cls: ClassFunction): void {
  const holder = byName.get(name)?.cls;
  if (holder === undefined || holder === cls || isSameSource(holder, cls)) return;
  throw config(
    `Two classes are registered as the session type ${JSON.stringify(name)}: ${excerpt(holder)} and ${excerpt(cls)}. Give one of them another name: @SessionType('name').`,
  );
}

function excerpt(cls: ClassFunction): string {
  const source = Function.prototype.toString.call(cls).replace(/\s+/g, ' ');
  return source.length > 80 ? `${source.slice(0, 80)}…` : source;
}
