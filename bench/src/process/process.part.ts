import { roundsOr } from '../knobs.js';
import { circumstances } from '../report/circumstances.js';
import { Targets } from '../report/targets.js';
import { sealTable, sessionTable } from './seal-tables.js';
import { tokenTable } from './token-table.js';
import { valueTable } from './value-table.js';

const PACKAGES = [
  '@fastify/secure-session',
  'class-transformer',
  'cookie-session',
  'cookie-signature',
  'iron-session',
  'keygrip',
  'sodium-native',
];

/** Part 1: what the work on a session costs, in one process. */
export async function measure(): Promise<string> {
  const rounds = roundsOr(101);
  const targets = new Targets();
  const tables = [
    ['The seal, from text to token and back', await sealTable(targets, rounds)],
    ['A whole session, from values to token and back', await sessionTable(targets, rounds)],
    ['Characters of a token, as a cookie carries it', await tokenTable(targets)],
    ['Values, from an object to text and back', await valueTable(targets, rounds)],
  ];
  return [
    circumstances('process', PACKAGES),
    `${rounds} rounds: median (minimum to maximum). ${targets.summary()}`,
    ...tables.map(([title, content]) => `### ${title}\n\n${content}`),
  ].join('\n\n');
}
