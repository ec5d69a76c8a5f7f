import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findProgram } from './programs.js';
import { RedisServer } from './redis-server.js';

const SLOTS = 16_384;
const NODES = 3;
const JOIN_MILLISECONDS = 60_000;

/** Three Redis nodes on the loopback interface with a third of the slots each, and no replicas. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  static async start(): Promise<RedisCluster> {
    // A node that a slow machine keeps waiting is not away.
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '60000'];
    const nodes: RedisServer[] = [];
    const cluster = new RedisCluster(nodes);
    try {
      while (nodes.length < NODES) nodes.push(await RedisServer.start({ args }));
      await cluster.join();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The keys of a pattern that each node has. */
  keys(pattern: string): Promise<string[][]> {
    return Promise.all(
      this.nodes.map(async (node) =>
        (await command(node, 'KEYS', pattern)).split('\n').filter((line) => line !== ''),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  private async join(): Promise<void> {
    const [first] = this.nodes;
    for (const [i, node] of this.nodes.entries()) {
      const slots = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
        (slot) => Math.floor((slot * NODES) / SLOTS) === i,
      );
      await command(node, 'CLUSTER', 'ADDSLOTS', ...slots.map(String));
      // Two nodes of one epoch would have to settle first which of them is older.
      await command(node, 'CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`);
      if (node !== first) await command(first, 'CLUSTER', 'MEET', '127.0.0.1', `${node.port}`);
    }
    const end = Date.now() + JOIN_MILLISECONDS;
    while (!(await this.isWhole())) {
      if (Date.now() > end) throw new Error('The nodes of the Redis cluster did not join');
      await delay(50);
    }
  }

  private async isWhole(): Promise<boolean> {
    const infos = await Promise.all(this.nodes.map((node) => command(node, 'CLUSTER', 'INFO')));
    return infos.every((info) => info.includes('cluster_state:ok'));
  }
}

async function command({ port }: RedisServer, ...words: string[]): Promise<string> {
  const cli = findProgram(['redis-cli', 'valkey-cli'])!;
  const { stdout } = await promisify(execFile)(cli, ['-e', '-p', `${port}`, ...words]);
  return stdout;
}
