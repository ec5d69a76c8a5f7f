import { isShortened } from './knobs.js';
import { writeResult } from './report/readme.js';

/** Each part measures, and tells its result in Markdown; or it says what it lacks, and tells none. */
const PARTS: Readonly<Record<string, () => Promise<string | undefined>>> = {
  process: async () => (await import('./process/process.part.js')).measure(),
  http: async () => (await import('./http/http.part.js')).measure(),
  memory: async () => (await import('./memory/memory.part.js')).measure(),
  redis: async () => (await import('./redis/redis.part.js')).measure(),
  registry: async () => (await import('./registry/registry.part.js')).measure(),
  load: async () => (await import('./load/load.part.js')).measure(),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  throw new Error(
    `No part is named ${unknown.join(', ')}: there are ${Object.keys(PARTS).join(', ')}.`,
  );
}

// As the applications would run.
process.env.NODE_ENV = 'production';

for (const name of chosen.length === 0 ? Object.keys(PARTS) : chosen) {
  console.log(`Measuring ${name}.`);
  const start = performance.now();
  const result = await PARTS[name]();
  if (result === undefined) continue;
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`\n## ${name} (${seconds} s)\n\n${result}`);
  if (isShortened()) console.log('\nA shortened run: README.md stays as it is.');
  else writeResult(name, result);
}
