import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ours } from '../library.js';

/**
 * When and with what a part was measured: for whoever wants the same figures.
 *
 * @param packages that the part measures
 */
export function circumstances(part: string, packages: readonly string[]): string {
  const date = new Date().toISOString().slice(0, 10);
  const { platform, arch, version } = process;
  const versions = packages.map((name) => `${name} ${PINNED[name]}`).join(', ');
  return [
    `\`npm run bench -- ${part}\`, ${date}, Node ${version.slice(1)}, ${platform} ${arch}, ${availableParallelism()} cores.`,
    `nestjs-typed-session ${ours.version} with ${versions}.`,
  ].join('\n');
}

/** The benchmark pins each version, so what is asked for is what is there. */
const PINNED = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  }
).dependencies;
