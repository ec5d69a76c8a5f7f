// Adds to package-lock.json the platform binaries that npm left out of it.
//
//   node .ci/complete-lock.mjs
//
// npm drops an optional dependency that the registry in use does not serve, and a mirror may serve
// the binaries of its own platform only. `npm ci` then refuses the lock file, on every machine. An
// entry needs no more than its exact version, which the parent states, and its platform, which the
// name states; npm does not ask for a package of another platform.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];
const CPU_ALIASES = { armv7: 'arm', armv6: 'arm' };

function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const cpus = words.map((word) => CPU_ALIASES[word] ?? word);
  const os = words.find((word) => OS.includes(word));
  const cpu = cpus.find((word) => CPU.includes(word));
  if (!os || !cpu) return undefined;
  const musl = words.some((word) => word.startsWith('musl'));
  const gnu = words.some((word) => word.startsWith('gnu') || word === 'glibc');
  const libc = os === 'linux' && musl ? 'musl' : os === 'linux' && gnu ? 'glibc' : undefined;
  return { os, cpu, libc };
}

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const added = [];

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[path] || !platform || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[path] = {
      version,
      cpu: [platform.cpu],
      ...(parent.dev && { dev: true }),
      ...(platform.libc && { libc: [platform.libc] }),
      optional: true,
      os: [platform.os],
    };
    added.push(`${name}@${version}`);
  }
}

if (added.length > 0) {
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${added.length} added to package-lock.json`);
for (const entry of added) console.log(`  ${entry}`);
