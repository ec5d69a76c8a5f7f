import type { INestApplication } from '@nestjs/common';
import type { Finding } from './finding.js';

const TYPES = Symbol.for('nestjs-typed-session:types@1');
const TAKES_SESSION: unique symbol = Symbol.for('nestjs-typed-session:takes-session');

/** What the registry of types has in this process, whichever copy of the package filled it. */
interface Registry {
  readonly byPrototype: WeakMap<object, unknown>;
}

interface Parameter {
  readonly index: number;
  readonly data?: unknown;
  readonly factory?: { readonly [TAKES_SESSION]?: { readonly isNamed: boolean } };
}

interface WithMetadata {
  getMetadata(key: string, target: object, property?: string): unknown;
}

/**
 * Classes that handlers take from the session and that nobody registered: what lies there could not be
 * stored. `SessionData` and `Session<Shape>` are gone when the application runs; what `@SessionValue()`
 * says stays.
 */
export function typeFindings(app: INestApplication): Finding[] {
  const { byPrototype } = ((globalThis as Record<symbol, unknown>)[TYPES] ?? {
    byPrototype: new WeakMap(),
  }) as Registry;
  return sessionValuesOf(app)
    .filter(({ cls }) => !isPlatform(cls) && !byPrototype.has(cls.prototype as object))
    .map(({ cls, key, where }) => ({
      id: 'unregistered-class',
      message: `${where} takes '${key}' as ${cls.name}, and ${cls.name} is not registered: to store one is an error. Put @SessionType() on the class, or call registerSessionTypes(${cls.name})`,
    }));
}

interface SessionValueOf {
  readonly cls: Function;
  readonly key: string;
  readonly where: string;
}

function sessionValuesOf(app: INestApplication): SessionValueOf[] {
  const reflect = Reflect as unknown as WithMetadata;
  return handlersOf(app).flatMap(({ owner, method }) => {
    const parameters = reflect.getMetadata('__routeArguments__', owner, method) ?? {};
    const types = reflect.getMetadata('design:paramtypes', owner.prototype as object, method) ?? [];
    return Object.values(parameters).flatMap(({ index, data, factory }: Parameter) => {
      const cls = (types as unknown[])[index];
      const isValue = factory?.[TAKES_SESSION]?.isNamed === false && typeof data === 'string';
      if (!isValue || typeof cls !== 'function') return [];
      return [{ cls, key: data, where: `${owner.name}.${method}` }];
    });
  });
}

interface Handler {
  readonly owner: Function;
  readonly method: string;
}

/** The methods of all controllers, resolvers and gateways, with those that they inherit. */
function handlersOf(app: INestApplication): Handler[] {
  return classesOf(app).flatMap((owner) => {
    const methods = new Set<string>();
    let at = owner.prototype as object | null;
    while (at !== null && at !== Object.prototype) {
      for (const method of Object.getOwnPropertyNames(at)) methods.add(method);
      at = Object.getPrototypeOf(at) as object | null;
    }
    return [...methods].map((method) => ({ owner, method }));
  });
}

type Hosts = ReadonlyMap<unknown, { readonly metatype: unknown }>;

/** The classes of all controllers and providers, by Nest's own container. */
function classesOf(app: INestApplication): Function[] {
  const { container } = app as unknown as {
    container: { getModules(): Map<string, { controllers: Hosts; providers: Hosts }> };
  };
  const classes = [...container.getModules().values()]
    .flatMap(({ controllers, providers }) => [...controllers.values(), ...providers.values()])
    .map(({ metatype }) => metatype)
    .filter((metatype): metatype is Function => typeof metatype === 'function')
    // What a factory makes is a provider too, and a function without a prototype.
    .filter(({ prototype }) => typeof prototype === 'object' && prototype !== null);
  return [...new Set(classes)];
}

/** `Object` stands for an interface or a union, `Date` for itself. */
function isPlatform(cls: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(cls));
}
