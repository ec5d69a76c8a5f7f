import type { ClassFunction } from './class-source.js';
import { checkInstalled } from './class-transformer.js';
import { isEvaluatedAgain, type Origin } from './origin.js';
import { thisEvaluation } from './packages.cjs';
import { checkOf, type Check, type SessionTypeIssue } from './type-check.js';
import {
  checkChecks,
  checkClassName,
  checkDefinedIn,
  checkedClass,
  checkedForm,
  checkedName,
  checkedNames,
  checkedUpgrades,
  checkedVersion,
  checkFieldsAreAll,
  config,
  type OwnForm,
  type SessionClass,
  type SessionTypeOptions,
  type SessionTypeUpgrade,
} from './type-options.js';

/** A class that the wire form knows by name. */
export interface RegisteredType {
  readonly name: string;
  readonly version: number;
  /** How its text begins. */
  readonly label: string;
  readonly cls: ClassFunction;
  /** The evaluation of the library that registered it. */
  readonly evaluation: Origin['evaluation'];
  readonly form: OwnForm | undefined;
  /** From version 1 to 2, from 2 to 3 and so on. */
  readonly upgrades: readonly SessionTypeUpgrade[];
  readonly check: Check | undefined;
  readonly onInvalid:
    'drop' | 'throw' | ((value: unknown, issues: readonly SessionTypeIssue[]) => unknown);
  /** Whether it is stored with its name even where a field's `@Type` says the class. */
  readonly isTagged: boolean;
  /** As they were given, in one registration or several. */
  readonly options: SessionTypeOptions<unknown>;
}

interface Registry {
  /** By the tag of today's form: the name, and the version from the second on. */
  readonly byTag: Map<string, RegisteredType>;
  /** By its name, and by those that it had. */
  readonly byName: Map<string, RegisteredType>;
  /** Weak: a class that is made again and again, in a factory, must not be held for ever. */
  readonly byPrototype: WeakMap<object, RegisteredType>;
}

// One for both forms of the package. Its name changes with the form of what it holds.
const REGISTRY: unique symbol = Symbol.for('nestjs-typed-session:types@1');

const shared = globalThis as { [REGISTRY]?: Registry };

const { byTag, byName, byPrototype } = (shared[REGISTRY] ??= newRegistry());

function newRegistry(): Registry {
  return { byTag: new Map(), byName: new Map(), byPrototype: new WeakMap() };
}

/** The type that is stored under a tag, such as `@user`, in the form of today. */
export function typeTagged(tag: string): RegisteredType | undefined {
  return byTag.get(tag);
}

const TAG = /^@(.*?)(?:@([2-9]|[1-9]\d+))?$/s;

/** The type that is stored under a tag in whatever version, under its name or one that it had. */
export function storedType(tag: string): { type: RegisteredType; version: number } | undefined {
  const [, name, version = '1'] = TAG.exec(tag)!;
  const type = byName.get(name);
  return type && { type, version: Number(version) };
}

/** The type of an object with this prototype: of exactly that class, not of one that extends it. */
export function registeredType(prototype: object): RegisteredType | undefined {
  return byPrototype.get(prototype);
}

/**
 * Makes classes storable that you cannot decorate with `@SessionType()`.
 * (Leapkit: `RegisterSessionTypes`.)
 *
 * @throws SessionError `SESSION_CONFIG`, as {@link registerSessionType}.
 */
export function registerSessionTypes(...classes: SessionClass[]): void {
  for (const cls of classes) registerSessionType(cls);
}

/**
 * Makes one class storable, with the options of `@SessionType()`.
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
 * only one of the two; a version without all of its steps; a schema that is none, or `validate`
 * without class-validator.
 */
export function registerSessionType<T, S = unknown>(
  cls: SessionClass<T>,
  options: SessionTypeOptions<T, S> = {},
): void {
  const target = checkedClass(cls);
  const before = byPrototype.get(target.prototype as object);
  const given = withoutUndefined(options as SessionTypeOptions<unknown>);
  const merged: SessionTypeOptions<unknown> = { ...before?.options, ...given };
  const form = checkedForm(target, given) ?? before?.form;
  const name = checkedName(target, merged.name ?? target.name);
  if (form === undefined) {
    checkFieldsAreAll(target);
    checkInstalled(name);
  }
  if (merged.name === undefined) checkClassName(target);
  if (before !== undefined && before.name !== name) {
    throw config(
      `The class ${target.name} is registered as ${JSON.stringify(before.name)} already, and cannot be ${JSON.stringify(name)} too.`,
    );
  }
  checkDefinedIn(target, merged.definedIn);
  const names = [name, ...checkedNames(target, merged.from)];
  const origin: Origin = {
    cls: target,
    definedIn: merged.definedIn,
    evaluation: before?.evaluation ?? thisEvaluation,
  };
  for (const one of names) checkNameIsFree(one, origin);
  const saysNothingNew = Object.keys(given).every((option) => option === 'name');
  if (before !== undefined && saysNothingNew && byName.get(name) === before) return;
  const type = typeOf(origin, name, form, merged);
  // The newest of a class that was evaluated again is revived.
  byTag.delete(tagOf(byName.get(name) ?? type));
  byTag.set(tagOf(type), type);
  for (const one of names) byName.set(one, type);
  byPrototype.set(target.prototype as object, type);
}

function typeOf(
  { cls, evaluation }: Origin,
  name: string,
  form: OwnForm | undefined,
  options: SessionTypeOptions<unknown>,
): RegisteredType {
  const version = checkedVersion(cls, options.version);
  const upgrades = checkedUpgrades(cls, options.upgrade, version);
  checkChecks(cls, options);
  return {
    name,
    version,
    label: `{${JSON.stringify(tagOf({ name, version }))}:`,
    cls,
    evaluation,
    form,
    upgrades,
    check: checkOf(name, cls, options),
    onInvalid: options.onInvalid ?? 'drop',
    isTagged: form !== undefined || version > 1,
    options,
  };
}

/** What is stored for a version of a type. */
function tagOf({ name, version }: Pick<RegisteredType, 'name' | 'version'>): string {
  return version === 1 ? `@${name}` : `@${name}@${version}`;
}

function withoutUndefined(options: SessionTypeOptions<unknown>): SessionTypeOptions<unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** One name is one class. Of one whose module is evaluated again, the newest is revived. */
function checkNameIsFree(name: string, origin: Origin): void {
  const holder = byName.get(name);
  if (holder === undefined || holder.cls === origin.cls) return;
  const { cls, evaluation, options } = holder;
  if (isEvaluatedAgain(origin, { cls, evaluation, definedIn: options.definedIn })) return;
  throw config(
    `Two classes are registered as the session type ${JSON.stringify(name)}: ${excerpt(cls)} and ${excerpt(origin.cls)}. Give one of them another name: @SessionType('name'). If they are one class, whose module is evaluated again (a watcher, a test), say where it is defined: @SessionType({ definedIn: __filename }), or import.meta.url; two builds of one module (ES and CommonJS) give one text in common, such as 'app/user'.`,
  );
}

function excerpt(cls: ClassFunction): string {
  const source = Function.prototype.toString.call(cls).replace(/\s+/g, ' ');
  return source.length > 80 ? `${source.slice(0, 80)}…` : source;
}
