import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Adapter, Question } from './server.js';
import { onCore } from './cores.js';

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));

export interface ServerProcessOptions {
  /** What the application finds in its environment, besides what is there. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it has to do with the core of the servers. Default true. */
  readonly isPinned?: boolean;
}

/** An application in a process of its own. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
    readonly name: string,
  ) {}

  static async start(
    adapter: Adapter,
    name: string,
    { env, isPinned = true }: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    const server = [
      process.execPath,
      '--expose-gc',
      ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []),
      SERVER,
      adapter,
      name,
    ];
    const [command, ...args] = isPinned ? onCore('server', server) : server;
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, NODE_ENV: 'production' },
    });
    const port = await Promise.race([
      once(child, 'message').then(([first]) => first as number),
      once(child, 'exit').then(([code]) => {
        throw new Error(`${name} on ${adapter} ended with code ${code}`);
      }),
    ]);
    return new ServerProcess(child, `http://127.0.0.1:${port}`, name);
  }

  /** The CPU time that the process has used, in microseconds. */
  cpu(): Promise<number> {
    return this.ask('cpu');
  }

  /** Its resident memory after a garbage collection, in bytes. */
  memory(): Promise<number> {
    return this.ask('memory');
  }

  /** Its heap in use after a garbage collection, in bytes. */
  heap(): Promise<number> {
    return this.ask('heap');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.disconnect();
    await once(this.child, 'exit');
  }

  private async ask(question: Question): Promise<number> {
    this.child.send(question);
    const [answer] = (await once(this.child, 'message')) as [number];
    return answer;
  }
}
