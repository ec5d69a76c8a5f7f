import { createHash } from 'node:crypto';
import { SessionService } from 'nestjs-typed-session';
import type { RedisClientType } from 'redis';
import { type Journal, JOURNAL_LENGTH, type PastRequest } from '../shop/session-page/journal.js';

const SECONDS = 60 * 60;

/** For a shop in several processes: each finds what another has noted. */
export class RedisJournal implements Journal {
  /** Seals each note, as the store seals the sessions: who reads Redis learns no value. */
  private readonly notes: SessionService;

  constructor(
    private readonly redis: RedisClientType,
    secret: string,
  ) {
    this.notes = new SessionService({ secret, name: 'journal', maxCookieBytes: 1024 * 1024 });
  }

  async keep(sessionId: string, request: PastRequest): Promise<void> {
    const key = keyOf(sessionId);
    await this.redis
      .multi()
      .lPush(key, this.notes.seal({ request }))
      .lTrim(key, 0, JOURNAL_LENGTH - 1)
      .expire(key, SECONDS)
      .exec();
  }

  async find(sessionId: string): Promise<PastRequest[]> {
    const notes = await this.redis.lRange(keyOf(sessionId), 0, -1);
    return notes
      .map((note) => this.notes.unseal(note)?.request as PastRequest | undefined)
      .filter((request) => request !== undefined);
  }
}

/** The hash, as the store does it: who reads the keys of Redis learns no id. */
function keyOf(sessionId: string): string {
  return `shop-journal:${createHash('sha256').update(sessionId).digest('base64url')}`;
}
