/** Remembers what was worked out lately, and forgets the oldest first. */
export class Recent<V> {
  private readonly values = new Map<string, V>();

  /** @param size how many */
  constructor(private readonly size: number) {}

  get(key: string): V | undefined {
    return this.values.get(key);
  }

  set(key: string, value: V): V {
    if (this.values.size === this.size) {
      const [oldest] = this.values.keys();
      this.values.delete(oldest);
    }
    this.values.set(key, value);
    return value;
  }
}
