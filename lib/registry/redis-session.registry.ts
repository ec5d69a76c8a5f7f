import { type RedisClient, type RedisCommands, redisCommands } from '../stores/redis-client.js';
import { RedisScript } from '../stores/redis-script.js';
import type { RegisteredSession, SessionRegistry } from './session-registry.js';
import { currentTime } from '../session.clock.js';

/** Options of `RedisSessionRegistry`. */
export interface RedisSessionRegistryOptions {
  /** Before the key of each owner. Default `session-owner:`. */
  prefix?: string;
}

/**
 * Keeps in Redis 6 or later, or in Valkey, who is signed in where, by the application's own client: the
 * one that a `RedisSessionStore` has, or another. Each call is one command.
 *
 * All sessions of an owner are one hash, under one key, with a field for each: `ref` to text. The text is
 * the `key`, `keepUntil`, and the rest as JSON, with a space between. Redis removes the hash when the
 * last of them is over; a sign-in removes those that are over before.
 *
 * @example
 * ```ts
 * new RedisSessionRegistry(await createClient({ url: process.env.REDIS_URL }).connect())
 * ```
 */
export class RedisSessionRegistry implements SessionRegistry {
  private readonly redis: RedisCommands;
  private readonly prefix: string;

  /** @throws SessionError `SESSION_CONFIG` where the client is of no known kind */
  constructor(
    client: RedisClient,
    { prefix = 'session-owner:' }: RedisSessionRegistryOptions = {},
  ) {
    this.redis = redisCommands(client, 'RedisSessionRegistry');
    this.prefix = prefix;
  }

  async add(owner: string, session: RegisteredSession): Promise<void> {
    await this.run(ADD, owner, [session.ref, textOf(session), ...timesOf(session)]);
  }

  async find(owner: string, ref: string): Promise<RegisteredSession | undefined> {
    const reply = await this.redis.hmget(this.keyOf(owner), [ref]);
    return sessionIn(ref, (reply as (string | Buffer | null)[])[0] ?? null);
  }

  async replace(owner: string, session: RegisteredSession, key: string): Promise<boolean> {
    const args = [session.ref, textOf(session), ...timesOf(session), key, session.key];
    return Number(await this.run(REPLACE, owner, args)) === 1;
  }

  async list(owner: string): Promise<RegisteredSession[]> {
    return sessionsIn(await this.run(LIST, owner, []));
  }

  async remove(owner: string, ref: string): Promise<RegisteredSession | undefined> {
    return sessionsIn(await this.run(REMOVE, owner, [ref]))[0];
  }

  async removeAll(owner: string, except?: string): Promise<RegisteredSession[]> {
    return sessionsIn(await this.run(REMOVE_ALL, owner, except === undefined ? [] : [except]));
  }

  private run(script: RedisScript, owner: string, args: string[]): Promise<unknown> {
    return script.ask(this.redis, this.keyOf(owner), args);
  }

  private keyOf(owner: string): string {
    return this.prefix + owner;
  }
}

/** Arguments of both: ref, text, now, milliseconds to keep. Redis keeps the hash as long as any of them. */
const KEEP = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
`;

const ADD = new RedisScript(`
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local keepUntil = string.match(stored[i + 1], '^%S+ (%d+) ')
  if not keepUntil or tonumber(keepUntil) <= tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], stored[i])
  end
end
${KEEP}`);

/** Arguments, beside those: the keys that the entry may have. */
const REPLACE = new RedisScript(`
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local key = stored and string.match(stored, '^%S+')
if not key or (key ~= ARGV[5] and key ~= ARGV[6]) then return 0 end
${KEEP}`);

const LIST = new RedisScript("return redis.call('HGETALL', KEYS[1])");

/** Argument: ref. */
const REMOVE = new RedisScript(`
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if not stored then return {} end
redis.call('HDEL', KEYS[1], ARGV[1])
return {ARGV[1], stored}
`);

/** Argument: the ref of one that stays, if one does. */
const REMOVE_ALL = new RedisScript(`
local removed = {}
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  if stored[i] ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], stored[i])
    removed[#removed + 1] = stored[i]
    removed[#removed + 1] = stored[i + 1]
  end
end
return removed
`);

function textOf(session: RegisteredSession): string {
  const { key, keepUntil, idHash, createdAt, lastUsedAt, expiresAt, label } = session;
  const rest = { idHash, createdAt, lastUsedAt, expiresAt, label };
  return `${key} ${keepUntil} ${JSON.stringify(rest)}`;
}

function timesOf({ keepUntil }: RegisteredSession): [now: string, timeToLive: string] {
  const now = currentTime();
  // Redis removes at once what is over.
  return [String(now), String(Math.max(1, Math.ceil(keepUntil - now)))];
}

/** @returns the session in the text of a field; `undefined` where there is none, or it is damaged */
function sessionIn(ref: string, reply: string | Buffer | null): RegisteredSession | undefined {
  if (reply === null) return undefined;
  // A client can be told to give Buffers.
  const [, key, keepUntil, rest] = /^(\S+) (\d+) (.*)$/s.exec(reply.toString()) ?? [];
  try {
    const parsed = JSON.parse(rest) as Omit<RegisteredSession, 'ref' | 'key' | 'keepUntil'>;
    return { ref, key, ...parsed, keepUntil: Number(keepUntil) };
  } catch {
    return undefined;
  }
}

/** @returns the sessions in the fields and texts that a script answers in turn */
function sessionsIn(reply: unknown): RegisteredSession[] {
  const texts = reply as (string | Buffer)[];
  return texts
    .map((ref, i) => (i % 2 === 0 ? sessionIn(String(ref), texts[i + 1]) : undefined))
    .filter((session) => session !== undefined);
}
