import type { WeighedValue } from './scale.js';

/** What a request has made of its session. */
export interface LastRequest {
  /** `POST /cart` */
  readonly line: string;
  readonly before: readonly WeighedValue[];
  readonly after: readonly WeighedValue[];
}

/** Keeps the last request of each session for this page, beside the session and not in it. */
export interface Journal {
  keep(sessionId: string, request: LastRequest): Promise<void>;
  find(sessionId: string): Promise<LastRequest | undefined>;
}

export const JOURNAL = Symbol('JOURNAL');

/** For a shop in one process. It forgets the oldest where it holds a thousand. */
export class MemoryJournal implements Journal {
  private readonly requests = new Map<string, LastRequest>();

  async keep(sessionId: string, request: LastRequest): Promise<void> {
    this.requests.delete(sessionId);
    this.requests.set(sessionId, request);
    if (this.requests.size > 1000) this.requests.delete(this.requests.keys().next().value!);
  }

  async find(sessionId: string): Promise<LastRequest | undefined> {
    return this.requests.get(sessionId);
  }
}
