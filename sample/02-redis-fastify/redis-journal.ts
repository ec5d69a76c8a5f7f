import { createHash } from 'node:crypto';
import type { RedisClientType } from 'redis';
import type { Journal, LastRequest } from '../shop/session-page/last-request.js';

const SECONDS = 60 * 60;

/** For a shop in several processes: each finds what another has noted. */
export class RedisJournal implements Journal {
  constructor(private readonly redis: RedisClientType) {}

  async keep(sessionId: string, request: LastRequest): Promise<void> {
    await this.redis.set(keyOf(sessionId), JSON.stringify(request), {
      expiration: { type: 'EX', value: SECONDS },
    });
  }

  async find(sessionId: string): Promise<LastRequest | undefined> {
    const text = await this.redis.get(keyOf(sessionId));
    return text === null ? undefined : (JSON.parse(text) as LastRequest);
  }
}

/** The hash, as the store does it: who reads the keys of Redis learns no id. */
function keyOf(sessionId: string): string {
  return `shop-journal:${createHash('sha256').update(sessionId).digest('base64url')}`;
}
