import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describeWhere, findProgram } from './programs.js';

/** Where Debian installs the sources of packages for Go. */
const GO_PATH = process.env.GOPATH ?? '/usr/share/gocode';
const gorilla = join(GO_PATH, 'src/github.com/gorilla/sessions');

const go = findProgram(['go'], ['/usr/local/go/bin']);

/** Like `describe`, for tests that need Go and gorilla/sessions. */
export function describeWithGorilla(title: string, tests: () => void): void {
  const sessions = existsSync(gorilla) ? gorilla : undefined;
  describeWhere({ go, 'golang-github-gorilla-sessions-dev': sessions }, title, tests);
}

/** A program in Go that answers each line of JSON with one. */
export class GoProgram {
  private readonly waiting: ((line: string) => void)[] = [];

  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
  ) {
    createInterface(child.stdout).on('line', (line) => this.waiting.shift()!(line));
  }

  /** Builds the program in a folder, and starts it. */
  static start(source: string): GoProgram {
    const folder = mkdtempSync(join(tmpdir(), 'go-program-'));
    const program = join(folder, 'program');
    const env = {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: GO_PATH,
      GOCACHE: join(folder, 'cache'),
    };
    execFileSync(go!, ['build', '-o', program, '.'], { cwd: source, env, stdio: 'pipe' });
    return new GoProgram(folder, spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  ask<T>(request: object): Promise<T> {
    return new Promise((resolve) => {
      this.waiting.push((line) => resolve(JSON.parse(line) as T));
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  stop(): void {
    this.child.stdin.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
