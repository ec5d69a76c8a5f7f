import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../support/programs.js';
import { ROOT } from '../support/readme.js';

const installed = join(ROOT, 'test/integration/node_modules');

/** Like `describe`, for tests that need the other session libraries. */
export function describeWithLibraries(title: string, tests: () => void): void {
  const folder = existsSync(installed) ? installed : undefined;
  describeWhere({ 'npm ci --prefix test/integration': folder }, title, tests);
}

/** By a name in a variable: no compiler asks for packages that only this folder installs. */
export async function library(name: string): Promise<any> {
  const module = await import(name);
  return module.default ?? module;
}

export async function moduleOf(name: string): Promise<any> {
  return import(name);
}
