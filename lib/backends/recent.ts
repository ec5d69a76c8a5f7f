/**
 * Remembers what was worked out or asked for lately. It forgets in halves: what was not asked for
 * while the younger half filled up goes, so that nothing has to be kept in order.
 */
export class Recent<V extends string | object> {
  // Private to the language, so that no log shows what is remembered.
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** @param size how many at the most */
  constructor(private readonly size: number) {}

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    return older === undefined ? undefined : this.set(key, older);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  set(key: string, value: V): V {
    if (this.#young.size >= this.size / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }
}

/**
 * Remembers what comes a second time. Most of what comes once does not come again soon, and to keep it
 * costs the garbage collector more than is saved by what does.
 */
export class Recurring<V extends string | object> {
  readonly #seen: Recent<string>;
  readonly #values: Recent<V>;

  /** @param size how many at the most */
  constructor(size: number) {
    this.#seen = new Recent(size);
    this.#values = new Recent(size);
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  clear(): void {
    this.#seen.clear();
    this.#values.clear();
  }

  /** @param make is called where the value is to be remembered */
  see(key: string, make: () => V): void {
    if (this.#seen.get(key) === undefined) this.#seen.set(key, key);
    else this.#values.set(key, make());
  }
}
