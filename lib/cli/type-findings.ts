import type { INestApplication } from '@nestjs/common';
import type { Finding } from './finding.js';

/** What the registry of types has in this process, whichever copy of the package filled it. */
interface Registry {
  readonly byPrototype: WeakMap<object, unknown>;
}

interface Parameter {
  readonly index: number;
  readonly data?: unknown;
  readonly factory?: object;
}

interface WithMetadata {
  getMetadata(key: string, target: object, property?: string): unknown;
}

const TYPES = Symbol.for('nestjs-typed-session:types@1');
const TAKES_SESSION = Symbol.for('nestjs-typed-session:takes-session');

/**
 * Classes that handlers take from the session and that nobody registered: what lies there could not be
 * stored. `SessionData` itself is gone when the application runs; what `@SessionValue()` says stays.
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
  const found: SessionValueOf[] = [];
  for (const owner of controllersOf(app)) {
    const prototype = owner.prototype as object;
    for (const method of Object.getOwnPropertyNames(prototype)) {
      const reflect = Reflect as unknown as WithMetadata;
      const parameters = reflect.getMetadata('__routeArguments__', owner, method) ?? {};
      const types = (reflect.getMetadata('design:paramtypes', prototype, method) ??
        []) as unknown[];
      for (const { index, data, factory } of Object.values(parameters) as Parameter[]) {
        const taking = (factory as Record<symbol, { isNamed: boolean }> | undefined)?.[
          TAKES_SESSION
        ];
        const cls = types[index];
        if (taking === undefined || taking.isNamed || typeof data !== 'string') continue;
        if (typeof cls === 'function') {
          found.push({ cls, key: data, where: `${owner.name}.${method}` });
        }
      }
    }
  }
  return found;
}

/** The classes of all controllers, by Nest's own container. */
function controllersOf(app: INestApplication): Function[] {
  const { container } = app as unknown as {
    container: { getModules(): Map<string, { controllers: Map<unknown, { metatype: unknown }> }> };
  };
  return [...container.getModules().values()]
    .flatMap(({ controllers }) => [...controllers.values()])
    .map(({ metatype }) => metatype)
    .filter((metatype): metatype is Function => typeof metatype === 'function');
}

/** `Object` stands for an interface or a union, `Date` for itself. */
function isPlatform(cls: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(cls));
}
