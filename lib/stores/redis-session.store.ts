import { SessionError } from '../session.errors.js';
import { type RedisClient, type RedisCommands, redisCommands } from './redis-client.js';
import { REMOVE, TOUCH, WRITE } from './redis-script.js';
import { type SessionStore, type StoredSession, UNREADABLE } from './session-store.js';
import { currentTime } from '../session.clock.js';

export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  RedisClient,
} from './redis-client.js';

/** Options of `RedisSessionStore`. */
export interface RedisSessionStoreOptions {
  /** Before the key of each session. Default `session:`. */
  prefix?: string;
}

/**
 * Keeps sessions in Redis 6 or later, or in Valkey, by the application's own client. Each call is one
 * command, and a script compares and acts in one step.
 *
 * A session is a hash of the fields `t` (text), `v` (version) and `e` (expiresAt), and Redis removes it
 * on time.
 *
 * @example
 * ```ts
 * new RedisSessionStore(await createClient({ url: process.env.REDIS_URL }).connect())
 * ```
 */
export class RedisSessionStore implements SessionStore {
  readonly atomic = true;

  private readonly redis: RedisCommands;
  private readonly prefix: string;

  /** @throws SessionError `SESSION_CONFIG` where the client is of no known kind */
  constructor(client: RedisClient, { prefix = 'session:' }: RedisSessionStoreOptions = {}) {
    this.redis = redisCommands(client, 'RedisSessionStore');
    this.prefix = prefix;
  }

  async read(key: string): Promise<StoredSession | undefined> {
    let reply: unknown;
    try {
      reply = await this.redis.hmget(this.prefix + key, ['t', 'v', 'e']);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return UNREADABLE;
      throw error;
    }
    if (!Array.isArray(reply)) {
      throw new SessionError('SESSION_STORE', 'the Redis client gave no list for HMGET');
    }
    // A client can be told to give Buffers.
    const [text, version, end] = reply as (string | Buffer | null)[];
    if (text === null && version === null && end === null) return undefined;
    const expiresAt = Number(end ?? Number.NaN);
    if (text === null || version === null || Number.isNaN(expiresAt)) return UNREADABLE;
    return { text: String(text), version: String(version), expiresAt };
  }

  async write(
    key: string,
    { text, version, expiresAt }: StoredSession,
    replaces: string | undefined,
  ): Promise<boolean> {
    const args = [text, version, String(expiresAt), timeToLive(expiresAt)];
    if (replaces !== undefined) args.push(replaces);
    return WRITE.run(this.redis, this.prefix + key, args);
  }

  async touch(key: string, expiresAt: number): Promise<boolean> {
    const args = [String(expiresAt), timeToLive(expiresAt)];
    return TOUCH.run(this.redis, this.prefix + key, args);
  }

  async remove(key: string, version?: string): Promise<boolean> {
    if (version !== undefined) return REMOVE.run(this.redis, this.prefix + key, [version]);
    return Number(await this.redis.unlink(this.prefix + key)) === 1;
  }
}

/**
 * In milliseconds, by the application's clock, which Redis's need not agree with. Redis removes at once
 * what is over, and refuses more than 64 bits.
 */
function timeToLive(expiresAt: number): string {
  return String(Math.min(Math.ceil(expiresAt - currentTime()), Number.MAX_SAFE_INTEGER));
}
