/** What a command does, and how a process ends. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /** @throws UsageError, CannotRun */
  run(args: string[], io: Io): Promise<Outcome>;
}

export interface Io {
  readonly env: NodeJS.ProcessEnv;
  /** @returns `undefined` where nothing is piped in */
  readInput(): Promise<string | undefined>;
}

export interface Outcome {
  readonly exitCode: 0 | 1;
  /** For people. */
  readonly text: string;
  /** For `--json`. */
  readonly data: unknown;
  readonly isJson: boolean;
}

export const EXIT_CODES = `Exit codes:
  0  done; nothing was found wrong
  1  the cookie does not open, or doctor found something weak
  2  wrong usage
  3  it could not run: a file is missing, or the application does not boot`;

/** The command was called in a wrong way: exit code 2. */
export class UsageError extends Error {}

/** The command cannot do its work here: exit code 3. */
export class CannotRun extends Error {}
