import { SessionError } from '../session.errors.js';

interface ScriptCall {
  keys: string[];
  arguments: string[];
}

/** What is used of a client or a pool of `redis` (node-redis) 4, 5 or 6, or a Sentinel of 5 or 6. */
export interface NodeRedisClient {
  /** Reads an entry. */
  hmGet(key: string, fields: string[]): Promise<unknown>;
  /** Runs a script that Redis knows. */
  evalSha(sha1: string, call: ScriptCall): Promise<unknown>;
  /** Runs a script that Redis does not know yet. */
  eval(script: string, call: ScriptCall): Promise<unknown>;
  /** Removes an entry. */
  unlink(key: string): Promise<unknown>;
  /** From version 5 on. */
  withCommandOptions?(options: { timeout: number }): NodeRedisClient;
}

/** What is used of a Cluster of `redis` (node-redis) 4, 5 or 6. */
export interface NodeRedisCluster {
  readonly masters: unknown;
  /** Reads an entry. */
  hmGet(key: string, fields: string[]): Promise<unknown>;
  /** Removes an entry. */
  unlink(key: string): Promise<unknown>;
  /** Runs a script on the node that holds the key. */
  sendCommand(key: string, isReadonly: boolean, command: string[]): Promise<unknown>;
}

/** What is used of a `Redis` or a `Cluster` of `ioredis` 5 or 6, or of `iovalkey`. */
export interface IoRedisClient {
  /** Reads an entry. */
  hmget(key: string, ...fields: string[]): Promise<unknown>;
  /** Runs a script that Redis knows. */
  evalsha(sha1: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Runs a script that Redis does not know yet. */
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Removes an entry. */
  unlink(key: string): Promise<unknown>;
}

/** The clients that `RedisSessionStore` takes. */
export type RedisClient = NodeRedisClient | NodeRedisCluster | IoRedisClient;

/** The commands that sessions need; each is about one key, by which a cluster finds its node. */
export interface RedisCommands {
  hmget(key: string, fields: string[]): Promise<unknown>;
  evalsha(sha1: string, key: string, args: string[]): Promise<unknown>;
  eval(script: string, key: string, args: string[]): Promise<unknown>;
  unlink(key: string): Promise<unknown>;
}

/** @throws SessionError `SESSION_CONFIG` where the client is of no known kind */
export function redisCommands(
  client: RedisClient,
  owner: 'RedisSessionStore' | 'RedisSessionRegistry',
): RedisCommands {
  if (has(client, 'masters', 'hmGet', 'unlink', 'sendCommand')) return ofNodeRedisCluster(client);
  if (has(client, 'hmGet', 'evalSha', 'eval', 'unlink')) return ofNodeRedis(client);
  if (has(client, 'hmget', 'evalsha', 'eval', 'unlink')) return ofIoRedis(client);
  throw new SessionError(
    'SESSION_CONFIG',
    `${owner} was not given a client that it knows; allowed are a client, a Sentinel or a ` +
      "Cluster of 'redis' 4 or later, of 'ioredis' 5 or later, or of 'iovalkey'",
  );
}

function ofNodeRedis(given: NodeRedisClient): RedisCommands {
  // `storeTimeout` bounds each call already, and a signal of its own for each command is not free.
  const client = given.withCommandOptions?.({ timeout: 0 }) ?? given;
  return {
    hmget: (key, fields) => client.hmGet(key, fields),
    evalsha: (sha1, key, args) => client.evalSha(sha1, { keys: [key], arguments: args }),
    eval: (script, key, args) => client.eval(script, { keys: [key], arguments: args }),
    unlink: (key) => client.unlink(key),
  };
}

function ofNodeRedisCluster(client: NodeRedisCluster): RedisCommands {
  // The methods for scripts of version 4 do not find the key, and send the command to any node.
  const send = (key: string, ...command: string[]) => client.sendCommand(key, false, command);
  return {
    hmget: (key, fields) => client.hmGet(key, fields),
    evalsha: (sha1, key, args) => send(key, 'EVALSHA', sha1, '1', key, ...args),
    eval: (script, key, args) => send(key, 'EVAL', script, '1', key, ...args),
    unlink: (key) => client.unlink(key),
  };
}

function ofIoRedis(client: IoRedisClient): RedisCommands {
  return {
    hmget: (key, fields) => client.hmget(key, ...fields),
    evalsha: (sha1, key, args) => client.evalsha(sha1, 1, key, ...args),
    eval: (script, key, args) => client.eval(script, 1, key, ...args),
    unlink: (key) => client.unlink(key),
  };
}

/** `masters` is a list, everything else a method. */
function has<T extends object>(client: unknown, ...names: (keyof T & string)[]): client is T {
  if (typeof client !== 'object' || client === null) return false;
  const members = client as Record<string, unknown>;
  return names.every((name) =>
    name === 'masters' ? name in members : typeof members[name] === 'function',
  );
}
