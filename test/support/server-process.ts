import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './programs.js';

const START_MILLISECONDS = 15_000;

/** Below the ports that systems hand out to clients, and with room for Redis's cluster bus above. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;

export interface ServerProcessOptions {
  /** What it prints when it takes connections. */
  ready: RegExp;
  uid?: number;
  gid?: number;
}

/** A server that runs as a child of the tests, and no longer than they do. */
export class ServerProcess {
  private readonly exited: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    this.exited = once(child, 'exit');
  }

  /** @throws Error with what it printed, if it ends or is not ready within 15 seconds */
  static async start(
    program: string,
    args: readonly string[],
    { ready, ...options }: ServerProcessOptions,
  ): Promise<ServerProcess> {
    const [file, ...rest] = [...boundToThisProcess(), program, ...args];
    const child = spawn(file, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(child);
    const printed: string[] = [];
    const isReady = [child.stdout, child.stderr].map((output) =>
      printedLine(output, ready, printed),
    );
    const timer = new AbortController();
    const tooLate = delay(START_MILLISECONDS, undefined, { signal: timer.signal });
    try {
      const end = Promise.race([server.exited, tooLate]).then(() => {
        throw new Error(`${program} did not start:\n${printed.join('\n')}`);
      });
      await Promise.race([...isReady, end]);
      return server;
    } catch (error) {
      await server.kill();
      throw error;
    } finally {
      timer.abort();
      tooLate.catch(() => {});
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it at once, also while it is stopped by `SIGSTOP`. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.signal('SIGKILL');
    await this.exited;
  }
}

/** A test runner that is killed ends no children; on Linux the system does. */
function boundToThisProcess(): string[] {
  const setpriv = process.platform === 'linux' ? findProgram(['setpriv']) : undefined;
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}

/** Reads on after that line: a full pipe would stop the server. */
function printedLine(output: Readable, wanted: RegExp, printed: string[]): Promise<void> {
  return new Promise((resolve) => {
    createInterface(output).on('line', (line) => {
      printed.push(line);
      if (wanted.test(line)) resolve();
    });
  });
}

/** A port of the loopback interface that nobody listens on, nor on the one 10,000 above. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
