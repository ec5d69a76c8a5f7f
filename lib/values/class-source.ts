/**
 * What only a class's source tells: whether it has `#private` members, which no one outside can
 * copy, and whether building one takes arguments.
 */

/** A class, seen as the value that it is. */
export type ClassFunction = (abstract new (...args: never[]) => unknown) & {
  readonly name: string;
};

const sourceOf = (cls: ClassFunction): string => Function.prototype.toString.call(cls);

/** The class and those that it extends, nearest first. */
export function lineageOf(cls: ClassFunction): ClassFunction[] {
  const lineage: ClassFunction[] = [];
  for (
    let current: unknown = cls;
    // Every realm has a Function.prototype of its own; none of them has a `prototype`.
    typeof current === 'function' && Object.hasOwn(current, 'prototype');
    current = Object.getPrototypeOf(current)
  ) {
    lineage.push(current as ClassFunction);
  }
  return lineage;
}

export function isNative(cls: ClassFunction): boolean {
  return sourceOf(cls).endsWith('{ [native code] }');
}

function hasReadableSource(cls: ClassFunction): boolean {
  return /^(?:class|function)\b/.test(sourceOf(cls));
}

/**
 * The name of a property for which a decorator defined a getter and a setter on the prototype. Those
 * that the class body declares, or a decorator wrapped, are none.
 */
function decoratedAccessor(cls: ClassFunction): string | undefined {
  for (const ancestor of lineageOf(cls)) {
    const source = sourceOf(ancestor);
    if (!source.startsWith('class')) continue;
    const descriptors = Object.getOwnPropertyDescriptors(ancestor.prototype as object);
    for (const [name, { get, set }] of Object.entries<Accessors>(descriptors)) {
      if (get === undefined || set === undefined) continue;
      if (declaresAccessor(get) || declaresAccessor(set)) continue;
      const isWrapped = [...outline(source).members.matchAll(ACCESSOR)].some(
        ([, declared]) => declared === name,
      );
      if (!isWrapped) return name;
    }
  }
  return undefined;
}

const ACCESSOR = /\b[gs]et\s+([\p{ID_Continue}$]+)\s*\(/gu;

/** Of a property descriptor, the functions as values. */
interface Accessors {
  readonly get?: () => unknown;
  readonly set?: (value: never) => void;
}

/** Whether a function is written as `get name() {…}` or `set name(value) {…}`. */
function declaresAccessor(accessor: (value: never) => unknown): boolean {
  return /^[gs]et\b\s*[^\s(]/.test(Function.prototype.toString.call(accessor));
}

/**
 * Why the fields that one sees are not enough to make an instance again, as the end of a sentence;
 * `undefined` where they are.
 */
export function hiddenState(cls: ClassFunction): string | undefined {
  const unseen = 'which cannot be read from outside or set';
  const native = lineageOf(cls).find(isNative);
  if (native !== undefined) {
    return native === cls ? `is built in, ${unseen}` : `extends ${native.name}, ${unseen}`;
  }
  if (!lineageOf(cls).every(hasReadableSource)) {
    return 'has a source that cannot be read (bytecode, a snapshot), so that nobody can tell whether it has #private fields';
  }
  const members = privateMembers(cls);
  const accessor = decoratedAccessor(cls);
  if (accessor !== undefined) {
    return `has an accessor ${accessor} that a decorator put on its prototype, and its value is elsewhere, ${unseen}`;
  }
  if (members === 'fields') return `has #private fields, ${unseen}`;
  return members === 'methods' && !takesNoArguments(cls)
    ? 'has #private methods, which only its constructor installs, and a constructor that takes arguments is not run'
    : undefined;
}

/** What an instance carries that no one outside sees, of its own class or of one that it extends. */
export function privateMembers(cls: ClassFunction): 'fields' | 'methods' | undefined {
  let members: 'methods' | undefined;
  for (const ancestor of lineageOf(cls)) {
    const own = ownPrivateMembers(ancestor);
    if (own === 'fields') return own;
    members ??= own;
  }
  return members;
}

/**
 * How compilers spell private members for older targets, at the place where an instance gets
 * them: TypeScript's weak maps, SWC, Babel, esbuild.
 */
const LOWERED_FIELD =
  /\b_\w+\.set\(\s*this\b|__classPrivateField(?:Get|Set)\(\s*this\b(?!\s*,\s*_\w+_instances\b)|_class_private_(?:field_init|(?:field|method)_loose_key)|_classPrivate(?:FieldInitSpec|(?:Field|Method)LooseKey)|__private(?:Add|Get|Set)\(\s*this\b/;

/** The same for those that have only methods to install; esbuild does not tell them apart. */
const LOWERED_METHOD =
  /\b_\w+\.add\(\s*this\b|__classPrivateField(?:Get|Set)\(\s*this\b|_class_private_method_init|_classPrivateMethodInitSpec/;

const PRIVATE_MEMBER =
  /(\bstatic\s+)?(?:\b(?:async|get|set|accessor)\s+)*(?:\*\s*)?(?<![.\w$])#[\w$\\\u0080-\uffff]+(\s*\()?/g;

function ownPrivateMembers(cls: ClassFunction): 'fields' | 'methods' | undefined {
  if (isNative(cls)) return undefined;
  const source = sourceOf(cls);
  const mayHave = source.includes('#') || LOWERED_FIELD.test(source) || LOWERED_METHOD.test(source);
  if (!mayHave) return undefined;
  const { code, members } = outline(source);
  // A static one belongs to the class, not to the instance.
  const own = [...members.matchAll(PRIVATE_MEMBER)].filter(([, isStatic]) => !isStatic);
  if (LOWERED_FIELD.test(code) || own.some(([, , isMethod]) => !isMethod)) return 'fields';
  return own.length > 0 || LOWERED_METHOD.test(code) ? 'methods' : undefined;
}

/**
 * True if `new` needs no argument. `length` alone does not tell: a subclass without a
 * constructor of its own has length 0 and hands every argument on to its parent.
 */
export function takesNoArguments(cls: ClassFunction): boolean {
  for (const ancestor of lineageOf(cls)) {
    if (ancestor.length > 0) return false;
    const source = sourceOf(ancestor);
    const { code, members } = outline(source);
    const isClass = /^class\b/.test(source);
    const handsOn =
      /\bsuper\(\s*\.\.\.\s*arguments\s*\)|\.apply\(\s*this\s*,\s*arguments\s*\)/.test(code);
    const ownConstructor = !isClass || /(?:^|[;}\s])constructor\s*\(/.test(members);
    if (ownConstructor && !handsOn) return true;
  }
  return true;
}

interface Outline {
  /** The source with strings, comments and regular expressions emptied. */
  readonly code: string;
  /** What stands directly in the class body: the members without their contents. */
  readonly members: string;
}

const OPENING = '{([';
const CLOSING = '})]';

/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield|instanceof))\s*$/;

function outline(source: string): Outline {
  let code = '';
  let members = '';
  let position = 0;
  /** The brackets that are open, and `${` of the templates that we are in. */
  const open: string[] = [];
  const emit = (text: string): void => {
    code += text;
    if (open.length === 1 && open[0] === '{') members += text;
  };

  while (position < source.length) {
    const skipped = endOfSkipped(source, position, code);
    if (skipped > position) {
      const isLine = source.startsWith('//', position);
      position = skipped;
      emit(isLine ? '\n' : ' ');
      continue;
    }
    const character = source[position];
    position++;
    if (character === '`' || (character === '}' && open.at(-1) === '${')) {
      if (character === '}') open.pop();
      const end = endOfTemplatePart(source, position);
      position = end.position;
      if (end.enters) open.push('${');
      emit(' ');
    } else if (OPENING.includes(character)) {
      emit(character);
      open.push(character);
    } else if (CLOSING.includes(character)) {
      open.pop();
      emit(character);
    } else {
      emit(character);
    }
  }
  return { code, members };
}

/** The position behind a string, comment or regular expression that begins here; else `start`. */
function endOfSkipped(source: string, start: number, before: string): number {
  const character = source[start];
  const next = source[start + 1];
  if (character === '"' || character === "'") return endOfQuoted(source, start + 1, character);
  if (character !== '/') return start;
  if (next === '/') return orEnd(source, source.indexOf('\n', start), 1);
  if (next === '*') return orEnd(source, source.indexOf('*/', start + 2), 2);
  return BEFORE_REGEXP.test(before.slice(-20)) ? endOfQuoted(source, start + 1, '/') : start;
}

const orEnd = (source: string, found: number, length: number): number =>
  found === -1 ? source.length : found + length;

function endOfQuoted(source: string, start: number, quote: string): number {
  let inSet = false;
  for (let position = start; position < source.length; position++) {
    const character = source[position];
    if (character === '\\') position++;
    else if (quote === '/' && character === '[') inSet = true;
    else if (quote === '/' && character === ']') inSet = false;
    else if (character === quote && !inSet) return position + 1;
  }
  return source.length;
}

function endOfTemplatePart(source: string, start: number): { position: number; enters: boolean } {
  for (let position = start; position < source.length; position++) {
    const character = source[position];
    if (character === '\\') position++;
    else if (character === '`') return { position: position + 1, enters: false };
    else if (character === '$' && source[position + 1] === '{') {
      return { position: position + 2, enters: true };
    }
  }
  return { position: source.length, enters: false };
}
