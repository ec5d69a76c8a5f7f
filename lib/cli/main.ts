#!/usr/bin/env node
import { runProgram } from './program.js';

async function readInput(): Promise<string | undefined> {
  if (process.stdin.isTTY) return undefined;
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk as string;
  return text;
}

const io = { env: process.env, readInput };
const { exitCode, out, err } = await runProgram(process.argv.slice(2), io);
if (err !== undefined) process.stderr.write(`${err}\n`);
/** An application that was booted may leave connections open: the process ends all the same. */
process.stdout.write(out === undefined ? '' : `${out}\n`, () => process.exit(exitCode));
