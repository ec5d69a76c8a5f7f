import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Command, UsageError } from './command.js';

const BYTES = 32;
const MAX_COUNT = 1000;

const HELP = `Usage: npx nestjs-typed-session keygen [--count N] [--json]

Makes a secret: ${BYTES} bytes of the system's random generator, as base64url. Prints it as the line
for an .env file:

  npx nestjs-typed-session keygen >> .env

Options:
  --count N  as many secrets, 1 to ${MAX_COUNT}: one line for each, to be given to several
             environments. Default 1
  --json     print { "secrets": [...], "env": [...] }

To rotate, put the new secret behind the old one and deploy, so that every instance opens both. Then
put it before the old one: secret: [newest, older].`;

export const keygen: Command = {
  help: HELP,
  async run(args) {
    const options = { count: { type: 'string' }, json: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args, options });
    const count = Number(values.count ?? 1);
    if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
      throw new UsageError(`--count is '${values.count}'; allowed: 1 to ${MAX_COUNT}`);
    }
    const secrets = Array.from({ length: count }, () => randomBytes(BYTES).toString('base64url'));
    const env = secrets.map((secret) => `SESSION_SECRET=${secret}`);
    return { exitCode: 0, text: env.join('\n'), data: { secrets, env }, isJson: !!values.json };
  },
};
