#!/usr/bin/env node
import { CannotRun, type Command, EXIT_CODES, type Outcome, UsageError } from './command.js';

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

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const isAsked = name !== undefined;
    (isAsked ? process.stdout : process.stderr).write(`${HELP}\n`);
    return isAsked ? 0 : 2;
  }
  const isJson = args.includes('--json');
  try {
    if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(`there is no command '${name}'`);
    const command = await COMMANDS[name]();
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(`${command.help}\n\n${EXIT_CODES}\n`);
      return 0;
    }
    const outcome = await command.run(args, { env: process.env, readInput });
    return print(outcome);
  } catch (error) {
    return fail(error, isJson);
  }
}

function print({ exitCode, isJson, data, text }: Outcome): number {
  process.stdout.write(`${isJson ? JSON.stringify(data, undefined, 2) : text}\n`);
  return exitCode;
}

function fail(error: unknown, isJson: boolean): number {
  const { message, code } = error as Error & { code?: string };
  const isUsage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
  if (!isUsage && !(error instanceof CannotRun)) throw error;
  if (isJson) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  else {
    const hint = isUsage ? ' (nestjs-typed-session --help)' : '';
    process.stderr.write(`nestjs-typed-session: ${message}${hint}\n`);
  }
  return isUsage ? 2 : 3;
}

async function readInput(): Promise<string | undefined> {
  if (process.stdin.isTTY) return undefined;
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk as string;
  return text;
}

/** An application that was booted may leave connections open: the process ends all the same. */
const exitCode = await main(process.argv.slice(2));
process.stdout.write('', () => process.exit(exitCode));
