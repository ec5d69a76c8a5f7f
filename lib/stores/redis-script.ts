import { createHash } from 'node:crypto';
import type { RedisCommands } from './redis-client.js';

/** A Lua script about one key, which Redis runs as one step. */
export class RedisScript {
  private readonly sha1: string;

  constructor(private readonly source: string) {
    this.sha1 = createHash('sha1').update(source).digest('hex');
  }

  /** Runs a script that answers 1 or 0. */
  async run(redis: RedisCommands, key: string, args: string[]): Promise<boolean> {
    return isOne(await this.ask(redis, key, args));
  }

  /** One command, unless the server has not seen the script since it started: then it is sent along. */
  async ask(redis: RedisCommands, key: string, args: string[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.sha1, key, args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(this.source, key, args);
    }
  }
}

/** A client can be told to give numbers as text. */
const isOne = (reply: unknown) => Number(reply) === 1;

/**
 * What stands in the place of a version: `''`, the version of `UNREADABLE`, where a key is of another
 * type or lacks a field; `false` where there is no key. `pcall`, since `call` would end the script.
 */
const VERSION_OF = `
local function versionOf(key)
  local version = redis.pcall('HGET', key, 'v')
  if type(version) == 'table' then
    if string.find(version.err, 'WRONGTYPE', 1, true) then return '' end
    error(version.err)
  end
  local expiresAt = redis.call('HGET', key, 'e')
  local hasText = redis.call('HEXISTS', key, 't') == 1
  if version and hasText and tonumber(expiresAt or '') then return version end
  return (version or hasText or expiresAt) and ''
end
`;

/**
 * Arguments: text, version, expiresAt, milliseconds to live, and where there must be an entry its
 * version.
 */
export const WRITE = new RedisScript(`${VERSION_OF}
local stored = versionOf(KEYS[1])
if stored == ARGV[2] then return 1 end
if stored ~= (ARGV[5] or false) then return 0 end
if stored == '' then redis.call('UNLINK', KEYS[1]) end
redis.call('HSET', KEYS[1], 't', ARGV[1], 'v', ARGV[2], 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

/** Arguments: expiresAt, milliseconds to live. */
export const TOUCH = new RedisScript(`${VERSION_OF}
local stored = versionOf(KEYS[1])
if not stored or stored == '' then return 0 end
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'e')) then
  redis.call('HSET', KEYS[1], 'e', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
`);

/** Argument: the version that must be stored. */
export const REMOVE = new RedisScript(`${VERSION_OF}
if versionOf(KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`);
