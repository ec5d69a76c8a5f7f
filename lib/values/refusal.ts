import { SessionError } from '../session.errors.js';
import { hiddenState, isNative, lineageOf, type ClassFunction } from './class-source.js';
import { registeredType } from './type-registry.js';

/** The errors of the way into the text. Built only when something is refused. */

const unserializable = (message: string, cause?: unknown): SessionError =>
  new SessionError('SESSION_UNSERIALIZABLE', message, cause === undefined ? undefined : { cause });

export function refusedFunction(path: string): SessionError {
  return unserializable(
    `${path} is a function, which a session cannot store. Store the data that it needs, or mark the field with @Exclude().`,
  );
}

export function refusedSymbol(path: string): SessionError {
  return unserializable(
    `${path} is a symbol, which a session cannot store. Store a string in its place.`,
  );
}

export function refusedSymbolKey(path: string): SessionError {
  return unserializable(
    `${path} has a symbol as its key, which a session cannot store. Use a string key, or make the property not enumerable.`,
  );
}

export function refusedListProperty(path: string): SessionError {
  return unserializable(
    `${path} is a named property of an array, which a session cannot store. Store an object, or a copy of the elements: [...array].`,
  );
}

export function refusedProperty(path: string, type: string): SessionError {
  return unserializable(
    `${path} is a named property of a ${type}, which a session cannot store. Store it beside the ${type}.`,
  );
}

export function refusedBinaryProperties(path: string, type: string): SessionError {
  return unserializable(
    `${path} is a ${type} with properties beside its bytes, which a session cannot store. Store a copy of the bytes: ${type}.from(value).`,
  );
}

export function refusedCycle(path: string, leadsTo: string): SessionError {
  return unserializable(
    `${path} is a cycle: it leads back to ${leadsTo}. A session stores trees; keep an id in the place of the reference.`,
  );
}

export function refusedDepth(path: string, depth: number): SessionError {
  return unserializable(
    `${path} is nested deeper than ${depth} levels, the most that a session stores.`,
  );
}

export function refusedSize(path: string, nodes: number): SessionError {
  return unserializable(
    `${path} goes beyond ${nodes} values, the most that a session stores under one key. Keep the data elsewhere and its id in the session.`,
  );
}

export function refusedBytes(path: string, bytes: number): SessionError {
  return unserializable(
    `${path} has ${bytes} bytes, more than a session stores in one value. Keep the data elsewhere and its id in the session.`,
  );
}

export function refusedLength(path: string, bytes: number): SessionError {
  return unserializable(
    `${path} takes more than ${bytes} bytes as text, the most that a session stores under one key. Keep the data elsewhere and its id in the session.`,
  );
}

/** Something that the value's own code threw: a getter, a transform, a `serialize`. */
export function refusedByOwnCode(path: string, cause: unknown): SessionError {
  // Not its message: that may quote the value.
  const thrown = cause instanceof Error ? cause.name : typeof cause;
  const article = /^[aeiou]/i.test(thrown) ? 'an' : 'a';
  return unserializable(
    `${path} could not be stored: its own code threw ${article} ${thrown}, which is the cause of this error.`,
    cause,
  );
}

/** What to store in the place of the platform's objects that have no stored form. */
const ADVICE: Readonly<Record<string, string>> = {
  RegExp: 'Store its source and its flags as strings.',
  Promise: 'Await it first.',
  Error: 'Store its message.',
  WeakMap: 'Store a Map.',
  WeakSet: 'Store a Set.',
  ArrayBuffer: 'Store a Uint8Array or a Buffer of it.',
  SharedArrayBuffer: 'Store a Uint8Array or a Buffer of it.',
  DataView: 'Store a Uint8Array or a Buffer of it.',
  Number: 'Store the number itself: value.valueOf().',
  String: 'Store the string itself: value.valueOf().',
  Boolean: 'Store the boolean itself: value.valueOf().',
  BigInt: 'Store the bigint itself: value.valueOf().',
  Symbol: 'Store a string in its place.',
};

/** An object with a prototype that has no stored form. */
export function refusedObject(value: object, path: string): SessionError {
  const cls = classOf(value);
  if (cls === undefined) {
    return unserializable(
      `${path} is an object with a prototype that is no class, which a session cannot store. Store a plain object: { ...value }.`,
    );
  }
  if (isNative(cls)) {
    const article = /^[AEIO]/.test(cls.name) ? 'an' : 'a';
    const boxed = value instanceof cls && /^(Number|String|Boolean|BigInt|Symbol)$/.test(cls.name);
    const advice = ADVICE[cls.name] ?? (value instanceof Error ? ADVICE.Error : undefined);
    return unserializable(
      `${path} is ${boxed ? 'a boxed' : article} ${cls.name}, which a session cannot store. ${advice ?? 'Store the data that it stands for.'}`,
    );
  }
  if (Array.isArray(value)) {
    return unserializable(
      `${path} is an instance of ${cls.name}, a subclass of Array, which a session cannot store. Store a copy of its elements: Array.from(value).`,
    );
  }
  return unregistered(cls, value, path);
}

/** A stored value that its type's owner wants to hear of, by `onInvalid: 'throw'`. */
export function refusedInvalid(
  path: string,
  type: string,
  why: string,
  cause?: unknown,
): SessionError {
  return new SessionError(
    'SESSION_INVALID',
    `${path} cannot be read: the stored value of the type "${type}" ${why}. Delete the key, set it anew, or give the type another onInvalid.`,
    cause === undefined ? undefined : { cause },
  );
}

function unregistered(cls: ClassFunction, value: object, path: string): SessionError {
  const isNamed = cls.name.length >= 3;
  const name = isNamed ? cls.name : nameless(cls, value);
  const called = isNamed ? cls.name : 'TheClass';
  const hidden = hiddenState(cls);
  const parent = registeredParent(cls);
  const isReplaced = parent?.name === cls.name || cls.name === '';
  const remedy = isMongooseDocument(value)
    ? 'It is a document of Mongoose: store a plain object, document.toObject().'
    : parent !== undefined
      ? isReplaced
        ? `It extends ${parent.name}, which is registered: a decorator above @SessionType() has replaced the class by a subclass. Put @SessionType() above that decorator, as the first of all.`
        : `It extends ${parent.name}, which is registered, and is a class of its own: put @SessionType() on it too, or call registerSessionTypes(${called}). If a decorator above @SessionType() has made it of ${parent.name}, put @SessionType() above that decorator.`
      : !isNamed && cls.name !== ''
        ? `Give it a name and a form of its own: registerSessionType(${called}, { name, serialize, revive }).`
        : hidden !== undefined
          ? `It ${hidden}: register it with registerSessionType(${called}, { serialize, revive }).`
          : `Put @SessionType() on the class, or call registerSessionTypes(${called}), or put @Type(() => ${called}) on the field that holds it.`;
  return new SessionError(
    'SESSION_TYPE_UNREGISTERED',
    `${path} is an instance of ${name}, which is not registered, so it would not come back as one. ${remedy}`,
  );
}

/** A class of which the name says nothing: none, or one that a minifier made. */
function nameless({ name, prototype }: ClassFunction, value: object): string {
  const members = [...Object.keys(value), ...Object.getOwnPropertyNames(prototype)]
    .filter((member) => member !== 'constructor')
    .slice(0, 5);
  const described = members.length === 0 ? '' : ` (with ${members.join(', ')})`;
  return name === ''
    ? `an anonymous class${described}`
    : `a class with the minified name ${name}${described}`;
}

/** The class that this one extends, where it is registered. */
function registeredParent(cls: ClassFunction): ClassFunction | undefined {
  const [, parent] = lineageOf(cls);
  return parent !== undefined && registeredType(parent.prototype as object) !== undefined
    ? parent
    : undefined;
}

function isMongooseDocument(value: object): boolean {
  return '$__' in value && 'toObject' in value && typeof value.toObject === 'function';
}

const NOT_READ_BACK = {
  transform:
    'a @Transform() without a direction runs on the way into the session and again on the way out. Give it one: { toClassOnly: true } or { toPlainOnly: true }.',
  discriminator:
    'its @Type() drops the property that tells the class when it is read. Set keepDiscriminatorProperty: true.',
  accessor:
    'it is an accessor that its constructor makes, and its value is not in a field. Register the class with serialize and revive.',
} as const;

/** A field that would come back as another value. */
export function refusedNotReadBack(path: string, remedy: keyof typeof NOT_READ_BACK): SessionError {
  return unserializable(`${path} would not come back as it is: ${NOT_READ_BACK[remedy]}`);
}

/** An accessor of an instance that no new instance has. */
export function refusedOwnAccessor(path: string, { name }: ClassFunction): SessionError {
  return unserializable(
    `${path} is an accessor of the instance, which a new ${name} does not have, so that it would come back as a plain value. Put it on the class, or register the class with serialize and revive.`,
  );
}

/** Two things under one name, of which one would be lost. */
export function refusedName(path: string, name: string, other: string): SessionError {
  return unserializable(
    `${path} is stored under the name ${JSON.stringify(name)}, and so is ${other}. Rename one of the two.`,
  );
}

/** A property that says the class, with a value that says another one. */
export function refusedClassName(path: string, names: readonly string[]): SessionError {
  const allowed = names.map((name) => JSON.stringify(name)).join(' or ');
  return unserializable(
    `${path} is stored under the property that tells the class (the discriminator), and is none of the names of its class. Set it to ${allowed}, or rename one of the two.`,
  );
}

/** A class that cannot be given what was stored, nor be copied. */
export function refusedClosed({ name }: ClassFunction, path: string): SessionError {
  return unserializable(
    `${path} is an instance of ${name}, which has #private methods and closes itself in its constructor (Object.freeze or the like), so nothing stored could be put back into one. Register it with a form of its own: registerSessionType(${name}, { serialize, revive }).`,
  );
}

function classOf(value: object): ClassFunction | undefined {
  const prototype = Object.getPrototypeOf(value) as object;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof constructor === 'function' && constructor.prototype === prototype
    ? (constructor as ClassFunction)
    : undefined;
}
