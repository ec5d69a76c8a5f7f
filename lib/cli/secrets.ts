import { readFileSync } from 'node:fs';
import { CannotRun } from './command.js';

/**
 * The secrets, newest first. Never from an argument: other users of the machine see those.
 *
 * @param file one secret a line
 * @throws CannotRun where there is none
 */
export function secretsFrom(file: string | undefined, env: NodeJS.ProcessEnv): string[] {
  const secrets = file === undefined ? inEnvironment(env) : inFile(file);
  if (secrets.length > 0) return secrets;
  throw new CannotRun(
    file === undefined
      ? 'there is no secret: set SESSION_SECRET (or SESSION_SECRETS, a list with commas, newest first), or give --secret-file FILE'
      : `${file} holds no secret`,
  );
}

function inEnvironment({ SESSION_SECRET, SESSION_SECRETS }: NodeJS.ProcessEnv): string[] {
  const list = SESSION_SECRETS?.split(',') ?? [];
  return [...new Set([SESSION_SECRET ?? '', ...list])].filter((secret) => secret !== '');
}

function inFile(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line !== '');
  } catch (error) {
    throw new CannotRun(`${file} cannot be read: ${(error as Error).message}`);
  }
}
