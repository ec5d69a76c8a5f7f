import { NO_KEY, pathText } from './path-text.js';
import { refusedCycle, refusedDepth } from './refusal.js';

/**
 * Where in a value the encoder is: the containers that it is in, outermost first, and the key at
 * which each of them stands. Kept as two arrays, because it is written at every step and read
 * only for a message.
 */
export class Trail {
  private depth = 0;
  private readonly containers: object[] = [];
  private readonly keys: unknown[] = [];

  constructor(
    private readonly root: string,
    private readonly maxDepth: number,
  ) {}

  /** How many levels more there may be. */
  get levelsLeft(): number {
    return this.maxDepth - this.depth;
  }

  enter(container: object): void {
    if (this.depth === this.maxDepth) {
      throw this.cycle(container) ?? refusedDepth(this.path(), this.maxDepth);
    }
    this.keys[this.depth] = NO_KEY;
    this.containers[this.depth++] = container;
  }

  leave(): void {
    this.depth--;
  }

  /** Tells under which key of the innermost container the next value stands. */
  at(key: unknown): void {
    this.keys[this.depth - 1] = key;
  }

  /** The path of the value that is being written. */
  path(): string {
    return this.pathTo(this.depth);
  }

  /** The path of one property of it. */
  pathOf(key: unknown): string {
    return this.path() + pathText('', [key]);
  }

  /**
   * The error for a cycle, if there is one. A cycle runs into a limit, so it is looked for there:
   * values without one pay nothing.
   */
  cycle(next?: object): Error | undefined {
    const line = this.containers.slice(0, this.depth);
    if (next !== undefined) line.push(next);
    for (let level = 1; level < line.length; level++) {
      const first = line.indexOf(line[level]);
      if (first < level) return refusedCycle(this.pathTo(level), this.pathTo(first));
    }
    return undefined;
  }

  private pathTo(depth: number): string {
    return pathText(this.root, this.keys.slice(0, depth));
  }
}
