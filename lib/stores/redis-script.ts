import { createHash } from 'node:crypto';
import type { RedisCommands } from './redis-client.js';

/** A Lua script about one key, which Redis runs as one step. It answers 1 or 0. */
export class RedisScript {
  private readonly sha1: string;

  constructor(private readonly source: string) {
    this.sha1 = createHash('sha1').update(source).digest('hex');
  }

  /** One command, unless the server has not seen the script since it started: then it is sent along. */
  async run(redis: RedisCommands, key: string, args: string[]): Promise<boolean> {
    try {
      return isOne(await redis.evalsha(this.sha1, key, args));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return isOne(await redis.eval(this.source, key, args));
    }
  }
}

/** A client can be told to give numbers as text. */
const isOne = (reply: unknown) => Number(reply) === 1;

/**
 * Arguments: text, version, expiresAt, milliseconds to live, and where there must be an entry its
 * version. `HGET` of an absent field is `false`.
 */
export const WRITE = new RedisScript(`
local stored = redis.call('HGET', KEYS[1], 'v')
if stored == ARGV[2] then return 1 end
if stored ~= (ARGV[5] or false) then return 0 end
redis.call('HSET', KEYS[1], 't', ARGV[1], 'v', ARGV[2], 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

/** Arguments: expiresAt, milliseconds to live. */
export const TOUCH = new RedisScript(`
local stored = redis.call('HGET', KEYS[1], 'e')
if not stored then return 0 end
if tonumber(ARGV[1]) > (tonumber(stored) or 0) then
  redis.call('HSET', KEYS[1], 'e', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
`);

/** Argument: the version that must be stored. */
export const REMOVE = new RedisScript(`
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`);
