import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * For tests that run the library as plain Node finds it, in `dist/`.
 *
 * @throws Error where a source is newer than what was built of it
 */
export function assertBuilt(): void {
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );
  const stale = sources.find((file) => {
    const built = statSync(join(ROOT, 'build', file.replace(/ts$/, 'js')), {
      throwIfNoEntry: false,
    });
    return built === undefined || built.mtimeMs < statSync(join(ROOT, 'lib', file)).mtimeMs;
  });
  if (stale !== undefined) {
    throw new Error(`dist/ is older than lib/${stale}: npm run build (npm test does it).`);
  }
}
