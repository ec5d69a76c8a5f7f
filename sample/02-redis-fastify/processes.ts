import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));
const STOP_MILLISECONDS = 5000;

/** The processes of the shop: as many as were started, whatever becomes of one. */
export class Processes {
  /** Those that have started, and where they listen. */
  private readonly ports = new Map<ChildProcess, number>();
  private readonly all = new Set<ChildProcess>();
  private isStopping = false;
  private turn = 0;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    /** Called when no process can be put in the place of one that has ended. */
    private readonly onFailure: (error: Error) => void,
  ) {}

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.add()));
  }

  get ids(): number[] {
    return [...this.ports.keys()].map(({ pid }) => pid!);
  }

  /** Where the process listens whose turn it is; `undefined` where none does. */
  get port(): number | undefined {
    return [...this.ports.values()][this.turn % this.ports.size];
  }

  nextTurn(): void {
    this.turn++;
  }

  /** Lets them answer what they have taken on. Whoever takes too long is ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(
      [...this.all].map(async (child) => {
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
        child.kill('SIGTERM');
        await once(child, 'exit');
        clearTimeout(timer);
      }),
    );
  }

  /** @returns its id */
  private async add(): Promise<number> {
    const child = fork(SERVER, { env: this.env });
    this.all.add(child);
    const ended = once(child, 'exit').then(([status, signal]) => {
      this.all.delete(child);
      this.ports.delete(child);
      return new Error(`Process ${child.pid} has ended (${signal ?? status})`);
    });
    const started = await Promise.race([once(child, 'message'), ended]);
    if (started instanceof Error) throw new Error(`${started.message} before it could listen.`);
    this.ports.set(child, started[0] as number);
    void ended.then((end) => this.replace(end));
    return child.pid!;
  }

  private async replace({ message }: Error): Promise<void> {
    if (this.isStopping) return;
    try {
      const id = await this.add();
      console.log(`${message}; process ${id} takes its place.`);
    } catch (error) {
      this.onFailure(error as Error);
    }
  }
}
