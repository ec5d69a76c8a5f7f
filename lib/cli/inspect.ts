import { parseArgs } from 'node:util';
import type { RejectReason } from '../seal/keyring.js';
import { currentTime } from '../session.clock.js';
import type { SessionRecord } from '../session/session-record.js';
import type { SignIn } from '../session/sign-in.js';
import { type Command, type Io, type Outcome, UsageError } from './command.js';
import { type OpenedToken, openToken, type TokenKind } from './opened-token.js';
import { secretsFrom } from './secrets.js';

const HELP = `Usage: npx nestjs-typed-session inspect [COOKIE] [--name NAME] [--secret-file FILE] [--json]

Shows what is in a cookie of this library: its values with their sizes, who has signed in, when it ends,
and which secret sealed it; or why it does not open.

  SESSION_SECRET=... npx nestjs-typed-session inspect 'session=1abc...'
  pbpaste | npx nestjs-typed-session inspect --secret-file secrets.txt

COOKIE is name=value, a Cookie header, a line of Set-Cookie, or the value alone. Without it, or as -,
it is read from standard input. A sealed text that a store holds for a session is opened too.

Options:
  --name NAME         the name of the session, which is part of the seal. Default: the name in
                      COOKIE, else session
  --secret-file FILE  a file with one secret a line, the newest first. Default: the environment
                      variable SESSION_SECRET, then those in SESSION_SECRETS (a list with commas).
                      One that the application decodes, from base64 or hex, is found as well.
                      A secret is never an argument: everybody on the machine can see those
  --json              print JSON

Keep what it prints to yourself: it holds the values of somebody's session. It prints no session id and
no ref. Whether a registry still knows the session of an owner, it does not see.`;

const KIND_TEXTS: Readonly<Record<TokenKind, string>> = {
  cookie: 'a session that its cookie carries',
  'store-cookie': 'a session that a store keeps; its cookie carries none of its values',
  'store-entry': 'the text of a session in a store',
};

const REASONS: Readonly<Record<RejectReason, string>> = {
  malformed: 'it is no token of this library: cut short, or changed on the way',
  'unknown-version':
    'it is of a format that this version does not know, or no token of this library',
  'unknown-key': 'none of the secrets sealed it: it was sealed with one that is not in the list',
  'bad-seal':
    'one of the secrets has its key id, and the seal does not fit: the cookie was changed or cut, or the session has another name (--name)',
};

export const inspect: Command = {
  help: HELP,
  async run(args, io) {
    const options = {
      name: { type: 'string' },
      'secret-file': { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length > 1) throw new UsageError('inspect takes one COOKIE: quote it');
    const text = await cookieText(positionals[0], io);
    const { name, token } = pairIn(text, values.name);
    const secrets = secretsFrom(values['secret-file'], io.env);
    const opened = openToken(token, name, secrets);
    return { ...outcomeOf(opened, name, token, secrets.length), isJson: !!values.json };
  },
};

async function cookieText(argument: string | undefined, io: Io): Promise<string> {
  const text = argument === undefined || argument === '-' ? await io.readInput() : argument;
  if (text === undefined || text.trim() === '') throw new UsageError('there is no COOKIE');
  return text.trim();
}

/** The name and the token in a `Cookie` header, a line of `Set-Cookie`, or a value alone. */
function pairIn(text: string, wanted: string | undefined): { name: string; token: string } {
  const header = text.replace(/^(set-)?cookie:\s*/i, '');
  if (!header.includes('=')) return { name: wanted ?? 'session', token: header };
  const pairs = header.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return { name: pair.slice(0, at).trim(), token: pair.slice(at + 1).trim() };
  });
  const found = wanted === undefined ? pairs[0] : pairs.find(({ name }) => name === wanted);
  if (found === undefined) throw new UsageError(`COOKIE holds no cookie named '${wanted}'`);
  return found;
}

type Shown = Omit<Outcome, 'isJson'>;

function outcomeOf(opened: OpenedToken, name: string, token: string, secrets: number): Shown {
  const cookieBytes = Buffer.byteLength(name) + token.length;
  if ('rejected' in opened) {
    const why = REASONS[opened.rejected];
    const data = { opens: false, name, reason: opened.rejected, why, cookieBytes };
    return { exitCode: 1, text: `It does not open (${opened.rejected}): ${why}.`, data };
  }
  const { kind, sealedBy, record, storeKey, hasRef } = opened;
  const common = { opens: true, name, kind, sealedBy, secrets, cookieBytes };
  const lines = [
    `Session     ${name}: ${KIND_TEXTS[kind]}`,
    `Sealed by   secret ${sealedBy + 1} of ${secrets}${sealedBy === 0 ? ', the newest' : ': it will be sealed anew by the newest'}`,
    `Cookie      ${cookieBytes} bytes, name and value`,
  ];
  if (record === undefined) {
    const owned = hasRef ? ['Owner       named in the store; with a ref for a registry'] : [];
    const key = `Store key   ${storeKey} (behind the prefix of the store)`;
    const data = { ...common, storeKey, ...(hasRef ? { hasRef } : {}) };
    return { exitCode: 0, text: [...lines, key, ...owned].join('\n'), data };
  }
  return withRecord(record, common, lines);
}

function withRecord(record: SessionRecord, common: object, lines: readonly string[]): Shown {
  const isExpired = record.expiresAt <= currentTime();
  const values = [...record.texts].map(([key, text]) => ({
    key,
    bytes: Buffer.byteLength(text),
    value: jsonIn(text),
  }));
  const bytes = values.reduce((sum, one) => sum + one.bytes, 0);
  const [createdAt, sentAt, expiresAt] = [record.createdAt, record.sentAt, record.expiresAt].map(
    (time) => new Date(time).toISOString(),
  );
  const { cookie } = record;
  const { signedIn, signInLines } = shownSignIn(record.signIn);
  const times = { isExpired, createdAt, sentAt, expiresAt };
  const data = { ...common, ...times, ...signedIn, cookie, bytes, values };
  const text = [
    ...lines,
    `Created     ${createdAt}`,
    `Sent        ${sentAt}`,
    isExpired
      ? `Expired     ${expiresAt}: it opens, and the server does not accept it (expired)`
      : `Ends        ${expiresAt} if nobody uses it (an absoluteTimeout${record.signIn?.owner === undefined ? '' : ', or its registry,'} may end it sooner)`,
    ...signInLines,
    ...(cookie === undefined ? [] : [`Own cookie  ${JSON.stringify(cookie)}`]),
    `Values      ${bytes} bytes in ${values.length} keys`,
    ...values.map((one) => `  ${one.key} (${one.bytes} bytes): ${JSON.stringify(one.value)}`),
  ].join('\n');
  return { exitCode: isExpired ? 1 : 0, text, data };
}

/** Who has signed in. Of the `ref`, which names the session to a registry, only whether it is there. */
function shownSignIn(signIn: SignIn | undefined): {
  readonly signedIn: object;
  readonly signInLines: readonly string[];
} {
  if (signIn === undefined) return { signedIn: {}, signInLines: [] };
  const { owner } = signIn;
  const authenticatedAt = new Date(signIn.authenticatedAt).toISOString();
  const signInLines = [`Signed in   ${authenticatedAt}`];
  if (owner === undefined) return { signedIn: { authenticatedAt }, signInLines };
  const { id, label } = owner;
  const as = label === undefined ? '' : `, as ${JSON.stringify(label)}`;
  signInLines.push(`Owner       ${JSON.stringify(id)}${as}, with a ref for a registry`);
  return { signedIn: { authenticatedAt, owner: id, label, hasRef: true }, signInLines };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
