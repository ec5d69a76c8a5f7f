import { readFileSync } from 'node:fs';

const PACKAGE = import.meta.resolve('nestjs-typed-session/package.json');

/** The library as it is installed here. */
export const ours = JSON.parse(readFileSync(new URL(PACKAGE), 'utf8')) as { version: string };
