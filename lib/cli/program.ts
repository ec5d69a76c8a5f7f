import { CannotRun, type Command, EXIT_CODES, type Io, UsageError } from './command.js';

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  keygen: async () => (await import('./keygen.js')).keygen,
  inspect: async () => (await import('./inspect.js')).inspect,
  doctor: async () => (await import('./doctor.js')).doctor,
};

const HELP = `Usage: npx nestjs-typed-session <command> [options]

Commands:
  keygen           make a secret
  inspect COOKIE   show what is in a cookie, or why it does not open
  doctor FILE      boot an application's module and tell what is weak in its sessions

Options:
  --json           print JSON
  --help           print the help of a command: nestjs-typed-session inspect --help

${EXIT_CODES}`;

/** How the program ends, and what it prints. */
export interface Ended {
  readonly exitCode: number;
  readonly out?: string;
  readonly err?: string;
}

/** Runs the command that the arguments name. */
export async function runProgram([name, ...args]: string[], io: Io): Promise<Ended> {
  if (name === undefined) return { exitCode: 2, err: HELP };
  if (name === '--help' || name === '-h' || name === 'help') return { exitCode: 0, out: HELP };
  try {
    if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(`there is no command '${name}'`);
    const command = await COMMANDS[name]();
    if (args.includes('--help') || args.includes('-h')) {
      return { exitCode: 0, out: `${command.help}\n\n${EXIT_CODES}` };
    }
    const { exitCode, isJson, data, text } = await command.run(args, io);
    return { exitCode, out: isJson ? JSON.stringify(data, undefined, 2) : text };
  } catch (error) {
    return failed(error, args.includes('--json'));
  }
}

function failed(error: unknown, isJson: boolean): Ended {
  const { message, code } = error as Error & { code?: string };
  const isUsage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
  if (!isUsage && !(error instanceof CannotRun)) throw error;
  const exitCode = isUsage ? 2 : 3;
  if (isJson) return { exitCode, out: JSON.stringify({ error: message }) };
  const hint = isUsage ? ' (nestjs-typed-session --help)' : '';
  return { exitCode, err: `nestjs-typed-session: ${message}${hint}` };
}
