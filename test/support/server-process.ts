import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './programs.js';

const START_MILLISECONDS = 60_000;

/** Below the ports that systems hand out to clients, and so is Redis's cluster bus 10,000 above. */
const LOWEST_PORT = 10_000;
/** As many for each worker of Jest, so that none takes what another has found free. */
const PORTS = 600;
const firstPort = LOWEST_PORT + (Number(process.env.JEST_WORKER_ID ?? 0) % 16) * PORTS;
const given = new Set<number>();

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

  /** @throws Error with what it printed, if it ends or is not ready within a minute */
  static async start(
    program: string,
    args: readonly string[],
    { ready, ...options }: ServerProcessOptions,
  ): Promise<ServerProcess> {
    const [file, ...rest] = [...boundToThisProcess(), program, ...args];
    const child = spawn(file, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(child);
    // Not 'exit': what it has printed last comes between the two.
    const closed = once(child, 'close');
    const printed: string[] = [];
    const isReady = [child.stdout, child.stderr].map((output) =>
      printedLine(output, ready, printed),
    );
    const timer = new AbortController();
    const tooLate = delay(START_MILLISECONDS, undefined, { signal: timer.signal });
    try {
      const end = Promise.race([closed, tooLate]).then(() => {
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

/** A port of the loopback interface that nobody listens on, nor on the one 10,000 above; never one twice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * PORTS);
    if (given.has(port)) continue;
    given.add(port);
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
