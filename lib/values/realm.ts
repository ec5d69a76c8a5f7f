import { isNative, type ClassFunction } from './class-source.js';
import { isBare } from './plain-values.js';

/**
 * Finds our own prototype for an object of another realm (`structuredClone` under Jest gives such),
 * which has that realm's prototypes: it is written like one of ours.
 */
export class LocalPrototypes {
  private readonly byName: ReadonlyMap<string, object>;
  private readonly found = new WeakMap<object, object>();

  /** @param known the prototypes of built-in classes that there is a writer for */
  constructor(private readonly known: ReadonlyMap<object | null, unknown>) {
    this.byName = new Map(
      [...known.keys()]
        .filter((prototype) => prototype !== null)
        .map((prototype) => [prototype.constructor.name, prototype]),
    );
  }

  of(value: object): object | null {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (this.known.has(prototype)) return prototype;
    let local = this.found.get(prototype!);
    if (local === undefined) {
      // What Fastify parses has such a prototype.
      if (isBare(prototype!)) return null;
      local = this.counterpart(prototype!) ?? prototype!;
      this.found.set(prototype!, local);
    }
    return local;
  }

  /** Our prototype of the same built-in class, if that is what it is and there is a writer for it. */
  private counterpart(prototype: object): object | undefined {
    const cls: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof cls !== 'function' || cls.prototype !== prototype) return undefined;
    if (!isNative(cls as ClassFunction)) return undefined;
    return this.byName.get(cls.name);
  }
}

/** Whether it is the prototype of what holds elements: their type is said of each of them. */
export function isContainer(prototype: object | null): boolean {
  return (
    prototype === Array.prototype || prototype === Map.prototype || prototype === Set.prototype
  );
}

/** A property of a list that is no element. */
export function namedPropertyOf(list: readonly unknown[]): string | undefined {
  // Named properties come after all indices.
  const last = Object.keys(list).at(-1);
  return last === undefined || (INDEX.test(last) && Number(last) < list.length) ? undefined : last;
}

const INDEX = /^(?:0|[1-9]\d*)$/;
