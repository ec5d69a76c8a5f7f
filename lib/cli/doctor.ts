import type { INestApplication } from '@nestjs/common';
import { parseArgs } from 'node:util';
import type { ResolvedOptions } from '../options/session.options.js';
import { boot } from './booted-application.js';
import { CannotRun, type Command, UsageError } from './command.js';
import { copyFindings } from './copy-findings.js';
import type { Finding } from './finding.js';
import { type ProxyTrust, USUAL_ADDRESSES } from './proxy-trust.js';
import { type AsvsLevel, findingsIn, notesOn } from './session-findings.js';
import { typeFindings } from './type-findings.js';

const HELP = `Usage: npx nestjs-typed-session doctor FILE [--export NAME] [--asvs LEVEL] [--json]

Boots the application's module and tells what is weak in its sessions, as in production:

  secret              short, a well-known placeholder, or a repetition
  secure, proxy       cookie.secure against the adapter's trusted-proxy setting
  http-only           scripts can read the cookie
  memory-store        sessions that one process keeps
  memory-registry     a registry of signed-in sessions that one process keeps
  registry-cache      longer than a minute: so much later ends what another process has ended
  idle-timeout,
  absolute-timeout    longer than OWASP ASVS allows
  unregistered-class  a class that @SessionValue() takes and that cannot be stored
  copies              several copies of a package that must be one
  warning             what the module itself has warned of at boot

FILE is JavaScript, as built: dist/app.module.js. It exports a Nest module, or a function that makes the
application (createApp), which shows the trusted-proxy setting too. The application is booted with the
environment that doctor has: give it that of production. It listens on no port.

Notes tell what is no fault, such as a session in its cookie without a registry. They do not change the
exit code.

Options:
  --export NAME  which export of FILE. Default: default, createApp, AppModule, or the only module
  --asvs LEVEL   1, 2 or 3: by which level the timeouts are judged. Default 1
  --json         print { "sessions": [...], "findings": [{ "id", "session", "message" }], "notes": [...] }`;

/** What a module does not show. */
const MODULE_ALONE =
  'Whether the adapter trusts a proxy was not checked: main.ts sets that, not the module. Export a function that makes the application (createApp), and give doctor its file.';
const TRUST_UNSEEN =
  'Whether the adapter trusts a proxy could not be seen: the application listens already, or answers before its hooks do.';
const TRUST_UNCLEAR = `The adapter trusts a proxy, but none at ${USUAL_ADDRESSES.join(', ')}. That is right where the proxy has another address, which trustProxy names. Fastify trusts none by a number of hops: name addresses, or set trustProxy: true where only the proxy reaches the application.`;

const BACKENDS = Symbol.for('nestjs-typed-session:backends');

interface Backends {
  readonly all: readonly { readonly options: ResolvedOptions }[];
}

export const doctor: Command = {
  help: HELP,
  async run(args) {
    const options = {
      export: { type: 'string' },
      asvs: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new UsageError('doctor takes one FILE');
    const level = levelOf(values.asvs ?? '1');
    const output = divertOutput();
    const booted = await boot(file, values.export).finally(() => output.back());
    const sessions = sessionsOf(booted.app, file);
    const { trust } = booted;
    const findings = [
      ...sessions.flatMap((one) => findingsIn(one, trust, level)),
      ...typeFindings(booted.app),
      ...copyFindings(file),
      ...booted.warnings.filter(isNews).map((message): Finding => ({ id: 'warning', message })),
    ];
    const notes = [
      ...sessions.flatMap(notesOn),
      ...(booted.isOwn ? noteOn(trust) : [MODULE_ALONE]),
    ];
    const names = sessions.map(({ name }) => name);
    return {
      exitCode: findings.length === 0 ? 0 : 1,
      data: { sessions: names, findings, notes },
      text: reportOf(names, findings, notes),
      isJson: !!values.json,
    };
  },
};

/** What an application prints while it boots goes to standard error: standard output is for the report. */
function divertOutput(): { back(): void } {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return {
    back: () => {
      process.stdout.write = write;
    },
  };
}

function levelOf(text: string): AsvsLevel {
  if (text !== '1' && text !== '2' && text !== '3') {
    throw new UsageError(`--asvs is '${text}'; allowed: 1, 2, 3`);
  }
  return Number(text) as AsvsLevel;
}

function sessionsOf(app: INestApplication, file: string): ResolvedOptions[] {
  const adapter = app.getHttpAdapter() as unknown as { [BACKENDS]?: Backends };
  const backends = adapter[BACKENDS];
  if (backends === undefined) {
    throw new CannotRun(`the application in ${file} does not import SessionModule`);
  }
  return backends.all.map(({ options }) => options);
}

function noteOn(trust: ProxyTrust): string[] {
  if (trust === undefined) return [TRUST_UNSEEN];
  return trust === 'unclear' ? [TRUST_UNCLEAR] : [];
}

/** These are findings of their own. */
function isNews(warning: string): boolean {
  return !/^SessionModule: secret|^MemorySession(Store|Registry) /.test(warning);
}

function reportOf(
  names: readonly string[],
  findings: readonly Finding[],
  notes: readonly string[],
): string {
  const lines = findings.map(({ id, session, message }) => {
    const of = session === undefined ? '' : ` (session '${session}')`;
    return `- ${id}${of}: ${message}`;
  });
  if (lines.length === 0) lines.push('Nothing weak was found.');
  return [`Sessions: ${names.join(', ')}`, ...lines, ...notes.map((note) => `Note: ${note}`)].join(
    '\n',
  );
}
