import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWhere, findProgram } from './programs.js';
import { freePort, ServerProcess } from './server-process.js';

/** Where Debian puts the servers of PostgreSQL: not on the PATH. */
const DEBIAN = '/usr/lib/postgresql';
const folders = existsSync(DEBIAN)
  ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'))
  : [];
const postgres = findProgram(['postgres'], folders);
const initdb = findProgram(['initdb'], folders);

export const hasPostgres = postgres !== undefined && initdb !== undefined;

/** Like `describe`, for tests that need PostgreSQL. */
export function describeWithPostgres(title: string, tests: () => void): void {
  describeWhere({ postgres, initdb }, title, tests);
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A PostgreSQL on the loopback interface, with a folder of its own and no passwords. */
export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly process: ServerProcess,
  ) {}

  static async start(): Promise<PostgresServer> {
    const port = await freePort();
    const user = unprivileged();
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    try {
      const cluster = ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
      await promisify(execFile)(initdb!, [...cluster, '--no-sync'], { ...user, timeout: 120_000 });
      const settings = {
        listen_addresses: '127.0.0.1',
        port,
        unix_socket_directories: '',
        fsync: 'off',
      };
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const server = await ServerProcess.start(postgres!, ['-D', folder, ...flags], {
        ...user,
        ready: /database system is ready to accept connections/,
      });
      return new PostgresServer(port, folder, server);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Ends it and removes its folder. Does no harm twice. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** As when its machine fails: connections break, new ones are refused. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}
