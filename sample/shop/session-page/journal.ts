import type { SeenEvent } from './session-events.js';
import type { WeighedValue } from './scale.js';

/** A session as a request has found it. */
export interface FoundSession {
  /** The beginning of its id. */
  readonly id: string;
  readonly expiresAt: Date;
  readonly values: readonly WeighedValue[];
}

/** What a request has done to its session. What it left is what the next request finds. */
export interface PastRequest {
  /** `POST /cart` */
  readonly line: string;
  readonly status: number;
  readonly answeredAt: Date;
  readonly events: readonly SeenEvent[];
  /** None where the request brought no session that opens. */
  readonly before?: FoundSession;
}

/** Keeps the last requests of each session for this page, beside the session and not in it. */
export interface Journal {
  keep(sessionId: string, request: PastRequest): Promise<void>;
  /** @returns the newest first */
  find(sessionId: string): Promise<PastRequest[]>;
}

export const JOURNAL = Symbol('JOURNAL');

/** How many requests of one session a journal keeps. */
export const JOURNAL_LENGTH = 5;

/** For a shop in one process. It forgets the oldest session where it knows a thousand. */
export class MemoryJournal implements Journal {
  private readonly sessions = new Map<string, PastRequest[]>();

  async keep(sessionId: string, request: PastRequest): Promise<void> {
    const requests = [request, ...(this.sessions.get(sessionId) ?? [])];
    this.sessions.delete(sessionId);
    this.sessions.set(sessionId, requests.slice(0, JOURNAL_LENGTH));
    if (this.sessions.size > 1000) this.sessions.delete(this.sessions.keys().next().value!);
  }

  async find(sessionId: string): Promise<PastRequest[]> {
    return this.sessions.get(sessionId) ?? [];
  }
}
