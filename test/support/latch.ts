/** Where something waits until a test lets it go on. */
export class Latch {
  private letGo!: () => void;
  private tellArrival!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.letGo = resolve));
  /** When somebody waits. */
  readonly reached = new Promise<void>((resolve) => (this.tellArrival = resolve));

  /** Resolves when the latch is open. */
  wait(): Promise<void> {
    this.tellArrival();
    return this.opened;
  }

  open(): void {
    this.letGo();
  }
}

/** Latches by name, for handlers to find; renewed for every test. */
export class Latches {
  private latches = new Map<string, Latch>();

  of(name: string): Latch {
    let latch = this.latches.get(name);
    if (latch === undefined) this.latches.set(name, (latch = new Latch()));
    return latch;
  }

  /** Lets everybody go, so that nothing that a failed test left behind hangs. */
  renew(): void {
    for (const latch of this.latches.values()) latch.open();
    this.latches = new Map();
  }
}
