import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

export interface SampleOptions {
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** The program of one of the samples. */
export class Sample {
  /** What it has printed. */
  readonly lines: string[] = [];
  /** Once it is known where it listens. */
  url = '';
  /** With its status; `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly output = new EventEmitter();

  /** As a person starts it: nothing in the environment but the port. */
  constructor(name: string, { args = [], env = {} }: SampleOptions = {}) {
    const { NODE_ENV: _, SESSION_SECRET: __, REDIS_URL: ___, ...rest } = process.env;
    this.child = spawn(process.execPath, [`sample/${name}/dist/${name}/main.js`, ...args], {
      env: { ...rest, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not 'exit': what it has printed last comes between the two.
    this.ended = once(this.child, 'close').then(([status]) => status as number | null);
    for (const output of [this.child.stdout!, this.child.stderr!]) {
      createInterface(output).on('line', (line) => {
        this.lines.push(line);
        this.output.emit('line');
      });
    }
  }

  /** Always before it is run: what an older build answers says nothing. */
  static async build(name: string): Promise<void> {
    const tsc = ['node_modules/typescript/bin/tsc', '-p', `sample/${name}/tsconfig.build.json`];
    await promisify(execFile)(process.execPath, tsc).catch((error: { stdout: string }) => {
      throw new Error(`The sample does not build; was the library built?\n${error.stdout}`);
    });
  }

  /** Runs it until it has printed where it listens. */
  static async start(name: string, options?: SampleOptions): Promise<Sample> {
    const sample = new Sample(name, options);
    const [, url] = await sample.printed(/(http:\/\/localhost:\d+)$/);
    sample.url = url;
    return sample;
  }

  /** Waits for a line. Throws what was printed instead, if it ends without. */
  async printed(line: RegExp): Promise<RegExpExecArray> {
    let isRunning = true;
    const ended = this.ended.then(() => void (isRunning = false));
    for (;;) {
      const found = this.lines.map((one) => line.exec(one)).find((one) => one !== null);
      if (found !== undefined) return found;
      if (!isRunning) throw new Error(`The sample did not start:\n${this.lines.join('\n')}`);
      await Promise.race([once(this.output, 'line'), ended]);
    }
  }

  /** @returns its status, `null` where the signal ended it and it had no say */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Somebody whose browser does no more than keep the cookie. */
export class Visitor {
  cookie = '';

  constructor(private readonly url: string) {}

  get = (path: string) => this.send(path, 'GET');
  post = (path: string, form: object = {}) =>
    this.send(path, 'POST', new URLSearchParams(Object.entries(form)));

  private async send(path: string, method: string, body?: URLSearchParams) {
    // A connection that is kept might be one that the shop closes at this moment.
    const headers = {
      connection: 'close',
      ...(this.cookie === '' ? {} : { cookie: this.cookie }),
    };
    const answer = await fetch(this.url + path, { method, headers, body, redirect: 'manual' });
    const cookies = answer.headers.getSetCookie();
    if (cookies.length > 0) this.cookie = cookies[0].split(';')[0];
    return { status: answer.status, headers: answer.headers, cookies, html: await answer.text() };
  }
}
